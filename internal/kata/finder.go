package kata

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// finder turns what happens in storage paths into sandboxes that come and go.
// All of it belongs to one goroutine, and none of it waits for anything.
type finder struct {
	runtime   *Runtime
	notifier  storage.Notifier
	observer  sandbox.Observer
	inventory *storage.Inventory

	// All are keyed by the path of the directory.

	// candidates wait for their identity, known sandboxes have been reported.
	candidates map[string]*candidate
	known      map[string]*Sandbox
	// undecided are those of the known sandboxes without a state file, and when
	// to look for it again.
	undecided map[string]time.Time

	lastTick, nextPlaces, nextScan time.Time

	passed     map[string]int
	scanErrors map[string]error
	// blind: nothing tells of changes.
	blind bool
}

func newFinder(runtime *Runtime, notifier storage.Notifier, observer sandbox.Observer) *finder {
	return &finder{
		runtime:    runtime,
		notifier:   notifier,
		observer:   observer,
		inventory:  storage.NewInventory(runtime.places),
		candidates: map[string]*candidate{},
		known:      map[string]*Sandbox{},
		undecided:  map[string]time.Time{},
		scanErrors: map[string]error{},
		blind:      notifier.Events() == nil,
	}
}

// candidate is a sandbox whose identity is not known yet.
type candidate struct {
	directory storage.Directory
	// until is when it is reported without more being known.
	until time.Time
	facts facts
	// pod is what the container runtime said.
	pod    sandbox.Pod
	hasPod bool
}

// changed looks at an entry that something happened to.
func (f *finder) changed(path string, now time.Time) {
	switch places := f.inventory.Places(); {
	case slices.Contains(places, filepath.Dir(path)):
		f.examine(path, now)
	case slices.Contains(places, path):
		f.inventory.Doubt(path)
		f.look(path, false, now)
	}
}

// examine looks at an entry of a storage path.
func (f *finder) examine(path string, now time.Time) {
	f.apply(f.inventory.Examine(filepath.Dir(path), filepath.Base(path)), now)
}

// apply takes in what became different.
func (f *finder) apply(change storage.Change, now time.Time) {
	if change.Lost != nil {
		f.lose(change.Lost.Path())
	}
	if change.Found == nil {
		return
	}
	path := change.Found.Path()
	f.candidates[path] = &candidate{directory: *change.Found, until: now.Add(f.runtime.pace.identity)}
	if f.runtime.cri != nil {
		f.runtime.cri.Request(change.Found.ID)
	}
	f.consider(f.candidates[path], now)
}

// lose forgets a sandbox, and reports that if it was reported.
func (f *finder) lose(path string) {
	if c := f.candidates[path]; c != nil {
		f.dismiss(c)
	}
	if s := f.known[path]; s != nil {
		delete(f.known, path)
		delete(f.undecided, path)
		f.observer.Gone(s)
	}
}

// dismiss ends the wait for a candidate's identity.
func (f *finder) dismiss(c *candidate) {
	delete(f.candidates, c.directory.Path())
	if f.runtime.cri != nil {
		f.runtime.cri.Forget(c.directory.ID)
	}
}

// consider reports a candidate if its identity is known, or has been waited for
// long enough.
func (f *finder) consider(c *candidate, now time.Time) {
	if !c.facts.settled {
		c.facts = readFacts(c.directory)
	}
	complete := c.facts.settled && (f.runtime.cri == nil || c.hasPod)
	if !complete && now.Before(c.until) {
		return
	}
	f.dismiss(c)
	path := c.directory.Path()
	s := newSandbox(f.runtime, c)
	f.known[path] = s
	if !c.facts.settled {
		f.undecided[path] = now.Add(f.runtime.pace.soon)
	}
	f.explain(s)
	f.observer.Added(s)
}

// explain logs why a sandbox will not be asked, which is decided once.
func (f *finder) explain(s *Sandbox) {
	facts := s.facts.Load()
	decision := s.decide(facts)
	if decision.Ask || !facts.settled {
		return
	}
	f.runtime.logger.Info("The shim of this Kata sandbox is not asked for metrics",
		zap.String("sandbox.id", s.identity.ID), zap.String("path", s.directory.Path()),
		zap.String("reason", string(decision.Reason)), zap.String("hypervisor", facts.state.Hypervisor))
}

// answered takes in what the container runtime said.
func (f *finder) answered(answer cri.Result, now time.Time) {
	for _, place := range f.inventory.Places() {
		if c := f.candidates[filepath.Join(place, answer.ID)]; c != nil {
			c.pod, c.hasPod = answer.Pod, true
			f.consider(c, now)
		}
	}
}

// lookAtAll looks at all storage paths, and with scan at all that is in them.
func (f *finder) lookAtAll(scan bool, now time.Time) {
	for _, place := range f.inventory.Places() {
		f.look(place, scan, now)
	}
}

// look looks at a storage path, and with scan, or if it has appeared, vanished
// or been replaced, at all that is in it.
func (f *finder) look(place string, scan bool, now time.Time) {
	if f.inventory.Moved(place) {
		// A path that is not there cannot be watched. If it cannot be watched
		// for another reason, scans have to do.
		if !f.inventory.IsTwin(place) {
			_ = f.notifier.Watch(place)
		}
		scan = true
	}
	if !scan {
		return
	}
	changes, err := f.inventory.Scan(place)
	f.scanErrors[place] = err
	for _, change := range changes {
		f.apply(change, now)
	}
}

// next is when the next tick is due.
func (f *finder) next() time.Time {
	if f.inventory.HasUnsettled() || len(f.candidates) > 0 || len(f.undecided) > 0 {
		return f.lastTick.Add(f.runtime.pace.soon)
	}
	return f.nextPlaces
}

// tick does what is due.
func (f *finder) tick(now time.Time) {
	f.lastTick = now
	pace := &f.runtime.pace
	if !now.Before(f.nextPlaces) {
		f.nextPlaces = now.Add(pace.places)
		scan := !now.Before(f.nextScan)
		if scan {
			f.nextScan = now.Add(pace.scan)
			if f.blind {
				f.nextScan = now.Add(pace.blindScan)
			}
		}
		f.lookAtAll(scan, now)
		if scan {
			f.observer.Trouble(sandbox.RuntimeKata, errors.Join(slices.Collect(maps.Values(f.scanErrors))...))
		}
	}
	for _, path := range f.inventory.Unsettled(now.Add(-pace.settle)) {
		f.examine(path, now)
	}
	for _, c := range f.candidates {
		f.consider(c, now)
	}
	for path, due := range f.undecided {
		if !now.Before(due) {
			f.decide(path, now)
		}
	}
	if passed := f.inventory.Passed(); !maps.Equal(passed, f.passed) || f.passed == nil {
		f.passed = passed
		f.observer.Passed(sandbox.RuntimeKata, passed)
	}
}

// decide looks again for the state file of a sandbox.
func (f *finder) decide(path string, now time.Time) {
	s := f.known[path]
	facts := readFacts(s.directory)
	if facts.settled {
		s.facts.Store(&facts)
		delete(f.undecided, path)
		f.explain(s)
		return
	}
	next := f.runtime.pace.later
	if s.State() == sandbox.Booting {
		next = f.runtime.pace.soon
	}
	f.undecided[path] = now.Add(next)
}
