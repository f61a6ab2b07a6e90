package discovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Times between looks.
const (
	// resolveInterval: for roots that came, went or were replaced.
	resolveInterval = 5 * time.Second
	// scanInterval: at a root that inotify watches.
	scanInterval = time.Minute
	// unwatchedInterval: at a root that it does not watch.
	unwatchedInterval = 5 * time.Second
	// processInterval: at processes that no pidfd watches.
	processInterval = 5 * time.Second
	// eventDelay: from an event until the file is read, so that a burst of
	// events makes one reading.
	eventDelay = 20 * time.Millisecond
	// firstRetry and lastRetry: at a file that is being written.
	firstRetry = 50 * time.Millisecond
	lastRetry  = time.Second
)

// finder does all work of a discovery. It is driven from outside: by touched and
// overflowed when something happens, and by work when the time has come. It
// belongs to one goroutine.
type finder struct {
	patterns  []string
	observer  Observer
	logger    *zap.Logger
	now       func() time.Time
	reader    reader
	condenser *condenser
	set       *set
	liveness  *liveness
	// watch asks to be told of changes in a root, again if it is another one now;
	// unwatch ends that.
	watch   func(path string) error
	unwatch func(path string)
	// ownProcessesOnly: processes outside this PID namespace cannot be seen.
	ownProcessesOnly bool
	// maxFiles bounds the state files of one root.
	maxFiles int

	roots     map[string]*root
	failed    map[string]error
	excess    int
	resolveAt time.Time
	recheckAt time.Time
	pending   map[*file]struct{}
	// changed: something may have to be reported.
	changed    bool
	lastPassed map[Reason]int
	trouble    string
}

// work does what is due. It stops early when the context ends.
func (f *finder) work(ctx context.Context) {
	if !f.now().Before(f.resolveAt) {
		f.resolve()
		f.resolveAt = f.now().Add(resolveInterval)
	}
	for _, path := range slices.Sorted(maps.Keys(f.roots)) {
		if r := f.roots[path]; !f.now().Before(r.scanAt) {
			f.scan(ctx, r)
		}
	}
	for file := range f.pending {
		if ctx.Err() == nil && !f.now().Before(file.due) {
			f.visit(file)
		}
	}
	if !f.now().Before(f.recheckAt) {
		f.set.recheck()
		f.recheckAt = f.now().Add(processInterval)
	}
	if f.changed && ctx.Err() == nil {
		f.changed = false
		f.report()
	}
}

// next is when work has something to do again.
func (f *finder) next() time.Time {
	next := f.resolveAt
	if f.recheckAt.Before(next) {
		next = f.recheckAt
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

// touched takes in that something happened to a path.
func (f *finder) touched(path string) {
	if r := f.roots[path]; r != nil {
		// It may be another root now, even with the same inode.
		f.resolveAt, r.scanAt = f.now(), f.now()
		return
	}
	r, name := f.roots[filepath.Dir(path)], filepath.Base(path)
	if r == nil || !statefile.HasExtension(name) {
		return
	}
	if file, _ := r.file(name); file != nil {
		f.postpone(file, eventDelay)
	}
}

// overflowed takes in that events were lost.
func (f *finder) overflowed() {
	for _, r := range f.roots {
		r.scanAt = f.now()
	}
}

// resolve finds out which roots there are.
func (f *finder) resolve() {
	found, failed, excess := resolve(f.patterns)
	for path, err := range failed {
		if f.failed[path] == nil {
			f.logger.Warn("A gVisor runtime root cannot be looked at", zap.String("root", path), zap.Error(err))
		}
	}
	f.failed, f.excess = failed, excess
	f.changed = true
	for path, r := range f.roots {
		if !slices.Contains(found, r.location) {
			f.removeRoot(path, r)
		}
	}
	for _, place := range found {
		if f.roots[place.path] == nil {
			f.addRoot(place)
		}
	}
}

func (f *finder) addRoot(place location) {
	r := &root{location: place, files: map[string]*file{}, maxFiles: f.maxFiles}
	f.roots[place.path] = r
	f.logger.Info("Found a gVisor runtime root", zap.String("root", place.path))
}

func (f *finder) removeRoot(path string, r *root) {
	for _, file := range r.files {
		f.forget(file)
	}
	f.unwatch(path)
	delete(f.roots, path)
	f.logger.Info("A gVisor runtime root is gone", zap.String("root", path))
}

// scan compares all state files of a root with what is known of them.
func (f *finder) scan(ctx context.Context, r *root) {
	f.watchRoot(r)
	r.scans++
	r.passed = map[Reason]int{}
	err := r.list(func(name string) {
		if ctx.Err() != nil {
			return
		}
		file, reason := r.file(name)
		if file == nil {
			r.passed[reason]++
			return
		}
		file.listed = r.scans
		f.visit(file)
	})
	if ctx.Err() != nil {
		return
	}
	f.changed = true
	r.scanAt = f.now().Add(unwatchedInterval)
	if err != nil {
		// A root that has just vanished is dealt with by resolve.
		if r.failed == nil && !errors.Is(err, fs.ErrNotExist) {
			f.logger.Warn("A gVisor runtime root cannot be read", zap.String("root", r.path), zap.Error(err))
		}
		r.failed = err
		return
	}
	r.failed = nil
	if r.watched {
		r.scanAt = f.now().Add(scanInterval)
	}
	for _, file := range r.files {
		if file.listed != r.scans {
			f.forget(file)
		}
	}
}

// watchRoot has a root watched. It comes before each scan: what happens during
// the first one must not go unnoticed, and whatever has ended a watch since is
// made up for.
func (f *finder) watchRoot(r *root) {
	err := f.watch(r.path)
	r.watched = err == nil
	if err != nil && r.scans == 0 {
		f.logger.Warn("A gVisor runtime root cannot be watched and is read every few seconds instead",
			zap.String("root", r.path), zap.Error(err))
	}
}

// visit reads a file again if it has changed.
func (f *finder) visit(file *file) {
	version, err := host.Stat(file.path())
	if err == nil && version == file.version && file.settled {
		f.done(file)
		return
	}
	f.changed = true
	var state *statefile.State
	if err == nil {
		state, err = f.reader.read(file)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.forget(file)
		return
	case err == nil:
		f.set.put(file.key(), f.condenser.condense(file.root.path, state, time.Unix(0, file.version.ModTime)))
	}
	f.pass(file, err)
	if file.passed == Busy {
		f.retry(file)
	} else {
		f.done(file)
	}
}

func (file *file) key() Key { return Key{Root: file.root.path, ID: file.name.SandboxID} }

// pass notes why a file is not taken, or that it is, and logs what is new. What
// was read of it before holds on.
func (f *finder) pass(file *file, err error) {
	reason := file.reasonOf(err)
	if reason == file.passed {
		return
	}
	file.passed = reason
	level := zap.WarnLevel
	switch reason {
	case "":
		return
	case Busy, Unreadable:
		// The one is nothing unusual while a container starts, the other usually
		// true of all files and told as trouble.
		level = zap.DebugLevel
	}
	f.logger.Log(level, "A gVisor state file cannot be taken",
		zap.String("path", file.path()), zap.String("reason", string(reason)), zap.Error(err))
}

// forget takes in that a file is no more.
func (f *finder) forget(file *file) {
	f.changed = true
	f.done(file)
	delete(file.root.files, file.name.String())
	f.set.drop(file.key(), file.name.ContainerID)
}

// postpone has a file looked at after a delay, or sooner if it will be anyway.
func (f *finder) postpone(file *file, delay time.Duration) {
	due := f.now().Add(delay)
	if _, pending := f.pending[file]; pending && file.due.Before(due) {
		return
	}
	file.due = due
	f.pending[file] = struct{}{}
}

// retry has a file looked at again after a delay that grows.
func (f *finder) retry(file *file) {
	delete(f.pending, file)
	file.delay = min(max(firstRetry, 2*file.delay), lastRetry)
	f.postpone(file, file.delay)
}

// done ends that a file is to be looked at.
func (f *finder) done(file *file) {
	delete(f.pending, file)
	file.due, file.delay = time.Time{}, 0
}

// report tells the observer what was passed over and what is wrong, if that
// changed.
func (f *finder) report() {
	if passed := f.passed(); f.lastPassed == nil || !maps.Equal(passed, f.lastPassed) {
		f.lastPassed = passed
		f.observer.Passed(maps.Clone(passed))
	}
	err := f.wrong()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != f.trouble {
		f.trouble = text
		f.observer.Trouble(err)
	}
}

// passed counts what is not taken.
func (f *finder) passed() map[Reason]int {
	counts := map[Reason]int{}
	add := func(reason Reason, n int) {
		if n > 0 {
			counts[reason] += n
		}
	}
	add(TooMany, f.excess)
	add(Unreadable, len(f.failed))
	add(NoRootContainer, f.set.orphans())
	for _, r := range f.roots {
		for reason, n := range r.passed {
			add(reason, n)
		}
		if r.failed != nil {
			add(Unreadable, 1)
		}
		for _, file := range r.files {
			if file.passed != "" {
				add(file.passed, 1)
			}
		}
	}
	return counts
}

// wrong is why sandboxes may be missing.
func (f *finder) wrong() error {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(f.failed)) {
		errs = append(errs, unreadable(path, f.failed[path]))
	}
	for _, path := range slices.Sorted(maps.Keys(f.roots)) {
		r := f.roots[path]
		if r.failed != nil && !errors.Is(r.failed, fs.ErrNotExist) {
			errs = append(errs, unreadable(path, r.failed))
		}
		if n := r.unreadable(); n > 0 {
			errs = append(errs, fmt.Errorf("gVisor runtime root %s: %d of %d state files cannot be read "+
				"(the receiver usually has to run as root)", path, n, len(r.files)))
		}
	}
	if f.ownProcessesOnly {
		if running, without := f.set.claims(); running > 0 && running == without {
			errs = append(errs, invisible(running))
		}
	}
	return errors.Join(errs...)
}

func unreadable(path string, err error) error {
	return fmt.Errorf("gVisor runtime root %s cannot be read (the receiver usually has to run as root): %w", path, err)
}
