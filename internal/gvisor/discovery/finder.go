package discovery

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Intervals and delays of checks.
const (
	// resolveInterval is the interval in which roots that were created, removed or
	// replaced are detected.
	resolveInterval = 5 * time.Second
	// scanInterval is the scan interval of a root that inotify watches.
	scanInterval = time.Minute
	// unwatchedInterval is the scan interval of a root that inotify does not watch.
	unwatchedInterval = 5 * time.Second
	// processInterval is the poll interval of processes that no pidfd watches.
	processInterval = 5 * time.Second
	// eventDelay is the delay between an event and reading the file, so that a file
	// is read once per burst of events.
	eventDelay = 20 * time.Millisecond
	// minRetry and maxRetry are the minimum and maximum delay before a busy file is
	// read again.
	minRetry = 50 * time.Millisecond
	maxRetry = time.Second
)

// finder implements discovery without goroutines and timers. Its caller reports
// events to it and calls runDue at the time that nextDue returns. A finder must be
// used by one goroutine only.
type finder struct {
	patterns []string
	// configured reports whether the patterns are not the defaults.
	configured bool
	observer   Observer
	logger     *zap.Logger
	skipLog    *sandbox.SkipLog
	now        func() time.Time
	reader     reader
	interner   *interner
	set        *set
	liveness   *liveness
	// watch starts to watch a root. If the root is watched already, it makes sure
	// that the watch refers to the current directory at that path. unwatch stops
	// watching.
	watch   func(path string) error
	unwatch func(path string)
	// limits are those of each root.
	limits limits

	roots map[string]*root
	// matches are the paths of the roots that each pattern matched last.
	matches map[string][]string
	// failed and excess are those of the last resolution.
	failed    map[string]error
	excess    []string
	resolveAt time.Time
	pollAt    time.Time
	// pending are the files that are scheduled for a check.
	pending map[*file]struct{}

	// changed reports whether there may be something to report.
	changed bool
	// skippedRoots are the reported reasons that concern whole roots, by path.
	skippedRoots map[string]Reason
	// lastError is the text of the reported error, empty if there is none.
	lastError string
	// warnedUnseen reports whether a warning about invisible processes was logged.
	warnedUnseen bool
	// scanned reports whether the first scan has been reported.
	scanned bool
}

// newFinder returns a finder that watches no roots and checks no processes.
func newFinder(settings Settings, observer Observer, now func() time.Time) *finder {
	liveness := &liveness{now: now, watchers: map[int]int{}, ownRoots: map[string]bool{}}
	return &finder{
		patterns:   settings.Roots,
		configured: settings.Configured,
		observer:   observer,
		logger:     settings.Logger,
		skipLog:    sandbox.NewSkipLog(settings.Logger),
		now:        now,
		reader:     reader{now: now, annotations: settings.Annotations},
		interner:   newInterner(settings.Registrations),
		set:        newSet(observer, liveness),
		liveness:   liveness,
		watch:      func(string) error { return nil },
		unwatch:    func(string) {},
		limits:     limits{files: maxFiles, names: maxNames},
		roots:      map[string]*root{},
		pending:    map[*file]struct{}{},
	}
}

// runDue does everything that is due. It stops early when the context ends.
func (f *finder) runDue(ctx context.Context) {
	if !f.now().Before(f.resolveAt) {
		f.updateRoots(ctx)
		f.resolveAt = f.now().Add(resolveInterval)
	}
	for _, path := range slices.Sorted(maps.Keys(f.roots)) {
		if r := f.roots[path]; !f.now().Before(r.scanAt) {
			f.scan(ctx, r)
		}
	}
	for file := range f.pending {
		if ctx.Err() == nil && !f.now().Before(file.due) {
			f.check(file)
		}
	}
	if !f.now().Before(f.pollAt) {
		f.set.pollProcesses()
		f.pollAt = f.now().Add(processInterval)
	}
	if f.changed && ctx.Err() == nil {
		f.changed = false
		f.report()
	}
	if ctx.Err() == nil {
		f.observer.Checked()
	}
}

// nextDue returns the time at which something is due again.
func (f *finder) nextDue() time.Time {
	next := f.resolveAt
	if f.pollAt.Before(next) {
		next = f.pollAt
	}
	for _, r := range f.roots {
		if r.scanAt.Before(next) {
			next = r.scanAt
		}
	}
	for file := range f.pending {
		if file.due.Before(next) {
			next = file.due
		}
	}
	return next
}

// handleEvent handles an inotify event for a path.
func (f *finder) handleEvent(path string) {
	if r := f.roots[path]; r != nil {
		// The root may have been replaced, even by a directory with the same inode.
		f.resolveAt, r.scanAt = f.now(), f.now()
		return
	}
	r, name := f.roots[filepath.Dir(path)], filepath.Base(path)
	if r == nil || !statefile.HasExtension(name) {
		return
	}
	if file, _ := r.file(name); file != nil {
		f.schedule(file, eventDelay)
	}
}

// rescanAll makes scans of all roots due, because events were lost.
func (f *finder) rescanAll() {
	for _, r := range f.roots {
		r.scanAt = f.now()
	}
}

// schedule schedules a check of a file after a delay. An earlier scheduled check
// takes precedence.
func (f *finder) schedule(file *file, delay time.Duration) {
	due := f.now().Add(delay)
	if _, pending := f.pending[file]; pending && file.due.Before(due) {
		return
	}
	file.due = due
	f.pending[file] = struct{}{}
}

// retry schedules another check of a busy file. The delay doubles with each retry.
func (f *finder) retry(file *file) {
	delete(f.pending, file)
	file.delay = min(max(minRetry, 2*file.delay), maxRetry)
	f.schedule(file, file.delay)
}

// unschedule removes the scheduled check of a file.
func (f *finder) unschedule(file *file) {
	delete(f.pending, file)
	file.due, file.delay = time.Time{}, 0
}
