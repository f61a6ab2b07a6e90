package kata

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// finder turns changes in storage paths into sandboxes that are added and removed.
// It belongs to one goroutine and never blocks.
type finder struct {
	runtime   *Runtime
	notifier  storage.Notifier
	observer  sandbox.Observer
	inventory *storage.Inventory

	// The maps are keyed by the path of the directory.

	// candidates are sandboxes whose identity is not known yet. They become
	// reported once it is.
	candidates map[string]*candidate
	reported   map[string]*Sandbox
	// undecided holds, for each reported sandbox whose facts are not settled, the
	// time of the next check for its state file.
	undecided map[string]time.Time

	lastTick, nextPaths, nextScan time.Time

	skipped skipped
	// scanErrors are the errors of the last scan, by storage path.
	scanErrors map[string]error
	// loggedCut holds the storage paths that were logged as having too many entries.
	loggedCut map[string]bool
	// blind means that inotify is unavailable.
	blind bool
	// scanned means that the end of the first scan has been reported. That happens
	// at scannedBy at the latest, even if candidates remain.
	scanned   bool
	scannedBy time.Time
}

func newFinder(runtime *Runtime, notifier storage.Notifier, observer sandbox.Observer) *finder {
	return &finder{
		runtime:    runtime,
		notifier:   notifier,
		observer:   observer,
		inventory:  storage.NewInventory(runtime.config.StoragePaths),
		candidates: map[string]*candidate{},
		reported:   map[string]*Sandbox{},
		undecided:  map[string]time.Time{},
		scanErrors: map[string]error{},
		loggedCut:  map[string]bool{},
		blind:      notifier.Events() == nil,
	}
}

// candidate is a sandbox whose identity is not known yet.
type candidate struct {
	directory storage.Directory
	stateFile *storage.StateFile
	// until is when the candidate is reported even if its identity is incomplete.
	until time.Time
	facts facts
	// pod is the pod according to the container runtime, if hasPod is set.
	pod    sandbox.Pod
	hasPod bool

	// contacted means that the following fields are known: the process ID of the
	// shim, where the measurement of its CPU usage began, the end of the wait for
	// it, and whether the shim is trusted.
	contacted bool
	peer      int
	usage     cpuReading
	measured  time.Time
	trusted   bool
}

// changed handles a file system event for a path.
func (f *finder) changed(path string, now time.Time) {
	switch paths := f.inventory.StoragePaths(); {
	case slices.Contains(paths, filepath.Dir(path)):
		f.examine(path, now)
	case slices.Contains(paths, path):
		f.inventory.Invalidate(path)
		f.check(path, false, now)
	}
}

// examine checks an entry of a storage path.
func (f *finder) examine(path string, now time.Time) {
	f.apply(f.inventory.Examine(filepath.Dir(path), filepath.Base(path)), now)
}

// apply applies a change of the inventory.
func (f *finder) apply(change storage.Change, now time.Time) {
	if change.Removed != nil {
		f.remove(change.Removed.Path())
	}
	if change.Added == nil {
		return
	}
	path := change.Added.Path()
	f.candidates[path] = &candidate{
		directory: *change.Added,
		stateFile: storage.NewStateFile(*change.Added, f.runtime.annotations...),
		until:     now.Add(f.runtime.pace.identity),
	}
	if f.runtime.cri != nil {
		f.runtime.cri.Request(change.Added.ID)
	}
	f.consider(f.candidates[path], now)
}

// remove forgets a sandbox and reports its end if it was reported.
func (f *finder) remove(path string) {
	if c := f.candidates[path]; c != nil {
		f.dismiss(c)
	}
	if s := f.reported[path]; s != nil {
		delete(f.reported, path)
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

// consider reports a candidate if its identity is known or it has waited long
// enough.
func (f *finder) consider(c *candidate, now time.Time) {
	if !c.facts.settled {
		c.facts = readFacts(c.stateFile)
	}
	complete := c.facts.settled && (f.runtime.cri == nil || c.hasPod)
	f.contact(c, now)
	if !complete && now.Before(c.until) || now.Before(c.measured) {
		return
	}
	f.dismiss(c)
	path := c.directory.Path()
	s := newSandbox(f.runtime, c)
	f.reported[path] = s
	if !c.facts.settled {
		f.undecided[path] = now.Add(f.runtime.pace.soon)
	}
	f.logSkipped(s)
	f.observer.Added(s)
}

// contact determines what can be known about the shim of a candidate without a
// request, once its facts are settled or overdue.
func (f *finder) contact(c *candidate, now time.Time) {
	if c.contacted || !c.facts.settled && now.Before(c.until) {
		return
	}
	c.contacted = true
	if !f.runtime.mayConnect(c.directory) {
		if f.runtime.mayTrust(&c.facts) {
			c.trusted, _ = f.runtime.isInstalled(f.runtime.visibleShim(c.directory))
		}
		return
	}
	measure, trust := f.runtime.mayHaveSpun(c, now), f.runtime.mayTrust(&c.facts)
	if !measure && !trust {
		return
	}
	pid, err := f.runtime.listenerOf(c.directory)
	if err != nil {
		return // The first pull will fail for the same reason, and report it.
	}
	c.peer = pid
	if trust {
		c.trusted, _ = f.runtime.isInstalled(pid)
	}
	if measure {
		c.usage = readCPU(f.runtime.roots.Processes, pid, f.runtime.now)
		if c.usage != (cpuReading{}) {
			c.measured = now.Add(f.runtime.pace.measure)
		}
	}
}

// logSkipped logs why the shim of a sandbox is not contacted, once that is
// decided.
func (f *finder) logSkipped(s *Sandbox) {
	if facts := s.facts.Load(); facts.settled {
		s.logSkip(facts, s.decide(facts))
	}
}

// found applies a pod that the container runtime returned.
func (f *finder) found(result cri.Result, now time.Time) {
	for _, storagePath := range f.inventory.StoragePaths() {
		if c := f.candidates[filepath.Join(storagePath, result.ID)]; c != nil {
			c.pod, c.hasPod = result.Pod, true
			f.consider(c, now)
		}
	}
}

// checkAll checks all storage paths. With scan, it also scans their content.
func (f *finder) checkAll(scan bool, now time.Time) {
	for _, storagePath := range f.inventory.StoragePaths() {
		f.check(storagePath, scan, now)
	}
}

// check checks a storage path. With scan, or if the path has appeared, vanished or
// been replaced, it also scans its content.
func (f *finder) check(storagePath string, scan bool, now time.Time) {
	if f.inventory.Refresh(storagePath) {
		// If the path cannot be watched, because it does not exist or for another
		// reason, periodic scans find its changes.
		if !f.inventory.IsAlias(storagePath) {
			_ = f.notifier.Watch(storagePath)
		}
		scan = true
	}
	if !scan {
		return
	}
	changes, err := f.inventory.Scan(storagePath)
	f.scanErrors[storagePath] = err
	if f.inventory.IsCut(storagePath) {
		f.warnAboutCut(storagePath)
	}
	for _, change := range changes {
		f.apply(change, now)
	}
}

// next returns when the next tick is due.
func (f *finder) next() time.Time {
	if f.inventory.HasPending() || len(f.candidates) > 0 || len(f.undecided) > 0 {
		return f.lastTick.Add(f.runtime.pace.soon)
	}
	return f.nextPaths
}

// tick performs all checks that are due.
func (f *finder) tick(now time.Time) {
	f.lastTick = now
	f.tickPaths(now)
	for _, path := range f.inventory.Pending(now.Add(-f.runtime.pace.settle)) {
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
	f.skipped.report(f.inventory, f.skippedRoots(), f.observer)
	f.reportScanned(now)
}

// reportScanned reports the end of the first scan when the sandboxes that it found
// have been reported.
func (f *finder) reportScanned(now time.Time) {
	if f.scanned {
		return
	}
	if f.scannedBy.IsZero() {
		f.scannedBy = now.Add(f.runtime.pace.identity)
	}
	if len(f.candidates) == 0 || !now.Before(f.scannedBy) {
		f.scanned = true
		f.warnAboutPaths()
		f.observer.Scanned()
	}
}

// tickPaths checks the storage paths if a check is due.
func (f *finder) tickPaths(now time.Time) {
	if now.Before(f.nextPaths) {
		return
	}
	pace := &f.runtime.pace
	scan := !now.Before(f.nextScan)
	f.nextPaths = now.Add(pace.paths)
	if f.blind {
		f.nextPaths = now.Add(min(pace.paths, pace.blindScan))
	}
	if scan {
		f.nextScan = now.Add(pace.scan)
		if f.blind {
			f.nextScan = now.Add(pace.blindScan)
		}
	}
	f.checkAll(scan, now)
	if scan {
		f.observer.DiscoveryError(errors.Join(slices.Collect(maps.Values(f.scanErrors))...))
	}
}

// decide checks again for the state file of a reported sandbox.
func (f *finder) decide(path string, now time.Time) {
	s := f.reported[path]
	facts := readFacts(s.stateFile)
	if facts.settled {
		if f.runtime.mayTrust(&facts) && f.runtime.mayConnect(s.directory) {
			if pid, err := f.runtime.listenerOf(s.directory); err == nil {
				installed, _ := f.runtime.isInstalled(pid)
				s.trusted.Store(installed)
			}
		}
		s.facts.Store(&facts)
		delete(f.undecided, path)
		f.logSkipped(s)
		return
	}
	next := f.runtime.pace.later
	if s.Status().State == sandbox.Booting {
		next = f.runtime.pace.soon
	}
	f.undecided[path] = now.Add(next)
}
