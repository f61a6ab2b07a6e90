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
	// unsettled are new directories that are no sandboxes yet, and until when
	// they may become one any moment.
	unsettled map[string]time.Time

	nextPlaces, nextScan time.Time
	passed               map[string]int
	scanErrors           map[string]error
	blind                bool
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
		unsettled:  map[string]time.Time{},
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
func (f *finder) changed(place, name string, now time.Time) {
	if !slices.Contains(f.inventory.Places(), place) {
		// The storage path itself; see the next look at the places.
		return
	}
	path := filepath.Join(place, name)
	f.examine(path, now)
	if f.inventory.LacksSocket(path) {
		f.unsettled[path] = now.Add(f.runtime.pace.settle)
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
		f.runtime.cri.Ask(change.Found.ID)
	}
	f.consider(f.candidates[path], now)
}

// lose forgets a sandbox, and reports that if it was reported.
func (f *finder) lose(path string) {
	if c := f.candidates[path]; c != nil {
		f.dismiss(c)
		return
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
func (f *finder) answered(answer cri.Answer, now time.Time) {
	for _, place := range f.inventory.Places() {
		if c := f.candidates[filepath.Join(place, answer.ID)]; c != nil {
			c.pod, c.hasPod = answer.Pod, true
			f.consider(c, now)
		}
	}
}

// scanAll looks at everything.
func (f *finder) scanAll(now time.Time) {
	for _, place := range f.inventory.Places() {
		f.scan(place, now)
	}
}

func (f *finder) scan(place string, now time.Time) {
	changes, err := f.inventory.Scan(place)
	f.scanErrors[place] = err
	for _, change := range changes {
		f.apply(change, now)
	}
}

// tick does what is due, and tells when to come again.
func (f *finder) tick(now time.Time) time.Duration {
	pace := &f.runtime.pace
	if !now.Before(f.nextPlaces) {
		f.nextPlaces = now.Add(pace.places)
		f.watchPlaces(now)
	}
	if !now.Before(f.nextScan) {
		f.nextScan = now.Add(pace.scan)
		if f.blind {
			f.nextScan = now.Add(pace.blindScan)
		}
		f.scanAll(now)
		f.observer.Trouble(sandbox.RuntimeKata, errors.Join(slices.Collect(maps.Values(f.scanErrors))...))
	}
	for path, until := range f.unsettled {
		f.examine(path, now)
		if now.After(until) || !f.inventory.LacksSocket(path) {
			delete(f.unsettled, path)
		}
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
	if len(f.unsettled) > 0 || len(f.candidates) > 0 || len(f.undecided) > 0 {
		return pace.soon
	}
	return pace.places
}

// watchPlaces begins to watch storage paths that have appeared or were
// replaced.
func (f *finder) watchPlaces(now time.Time) {
	for _, place := range f.inventory.Places() {
		if !f.inventory.Moved(place) {
			continue
		}
		// A path that is not there cannot be watched. If it cannot be watched
		// for another reason, scans have to do.
		_ = f.notifier.Watch(place)
		f.scan(place, now)
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
