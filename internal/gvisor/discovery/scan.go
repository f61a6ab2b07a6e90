package discovery

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// updateRoots adds new roots and removes those that no longer exist.
func (f *finder) updateRoots(ctx context.Context) {
	resolved := resolve(ctx, f.patterns)
	if ctx.Err() != nil {
		return
	}
	for path, err := range resolved.failed {
		if f.failed[path] == nil {
			f.logger.Warn("Failed to access gVisor runtime root", zap.String("root", path), zap.Error(err))
		}
	}
	f.failed, f.excess, f.matches = resolved.failed, resolved.excess, resolved.matches
	f.changed = true
	for path, r := range f.roots {
		if !slices.Contains(resolved.roots, r.location) {
			f.removeRoot(path, r)
		}
	}
	for _, l := range resolved.roots {
		if f.roots[l.path] == nil {
			f.roots[l.path] = newRoot(l, f.limits)
		}
	}
}

func (f *finder) removeRoot(path string, r *root) {
	for _, file := range r.files {
		f.forget(file)
	}
	for name := range r.foreign {
		f.forgetForeign(r, name)
	}
	clear(r.leftovers.versions)
	f.reportLeftovers(r)
	f.unwatch(path)
	delete(f.roots, path)
	if r.logged {
		f.logger.Info("gVisor runtime root was removed", zap.String("root", path))
	}
}

// scan checks all state files of a root.
func (f *finder) scan(ctx context.Context, r *root) {
	f.watchRoot(r)
	r.scans++
	tooMany := false
	complete, err := r.list(func(name string) {
		if ctx.Err() != nil || f.isUnchangedLeftover(r, name) {
			return
		}
		file, reason := r.file(name)
		switch {
		case file != nil:
			file.listed = r.scans
			f.check(file)
		case reason == Foreign && f.addForeign(r, name):
		default:
			tooMany = true
		}
	})
	if ctx.Err() != nil {
		return
	}
	f.changed = true
	r.scanAt = f.now().Add(unwatchedInterval)
	if err != nil {
		f.scanFailed(r, err)
		return
	}
	r.failed, r.tooMany, r.cut = nil, tooMany, !complete
	f.logRoot(r)
	if r.watched {
		r.scanAt = f.now().Add(scanInterval)
	}
	f.updateUnlisted(r)
}

// updateUnlisted forgets what the scan did not list because it no longer exists. If
// the listing was cut off, the rest may still exist, so it is checked.
func (f *finder) updateUnlisted(r *root) {
	for _, file := range r.files {
		switch {
		case file.listed == r.scans:
		case r.cut:
			f.check(file)
		default:
			f.forget(file)
		}
	}
	for name, listed := range r.foreign {
		if listed == r.scans || r.cut && exists(filepath.Join(r.path, name)) {
			continue
		}
		f.forgetForeign(r, name)
	}
	r.leftovers.forgetUnlisted(r.scans)
}

// exists reports whether there is a file of any type at a path.
func exists(path string) bool {
	_, _, err := host.Look(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// logRoot logs a root once it contains something that runsc created, and once if its
// listing is cut off. Many directories that match the default patterns belong to other
// runtimes.
func (f *finder) logRoot(r *root) {
	if !r.logged && r.hasTraces {
		r.logged = true
		f.logger.Info("Discovered gVisor runtime root", zap.String("root", r.path))
	}
	if !r.loggedCut && r.cut {
		r.loggedCut = true
		f.logger.Warn("gVisor runtime root has too many entries to list all; new sandboxes may not be discovered: "+
			"delete files of sandboxes that no longer exist", zap.String("root", r.path), zap.Int("listed", r.entries))
	}
}

func (f *finder) scanFailed(r *root, err error) {
	// updateRoots handles a root that no longer exists.
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if r.failed == nil {
		f.logger.Warn("Failed to read gVisor runtime root", zap.String("root", r.path), zap.Error(err))
	}
	r.failed = err
}

// watchRoot watches a root. It is called before each scan, so that no change
// during the first scan is missed, and so that a watch that has ended is renewed.
func (f *finder) watchRoot(r *root) {
	err := f.watch(r.path)
	r.watched = err == nil
	if err != nil && r.scans == 0 {
		f.logger.Warn("Failed to watch gVisor runtime root; falling back to polling", zap.String("root", r.path), zap.Error(err))
	}
}

// addForeign records that the current scan listed a name that is not that of a
// state file, and reports the path if it is new. It returns false if the root has
// too many such names.
func (f *finder) addForeign(r *root, name string) bool {
	if _, known := r.foreign[name]; !known {
		if len(r.foreign) >= r.limits.files {
			return false
		}
		f.observer.Skipped(filepath.Join(r.path, name), Foreign)
	}
	r.foreign[name] = r.scans
	return true
}

func (f *finder) forgetForeign(r *root, name string) {
	delete(r.foreign, name)
	f.observer.Skipped(filepath.Join(r.path, name), "")
}

// check reads a file if it has changed since it was last read.
func (f *finder) check(file *file) {
	version, err := host.Stat(file.path())
	if err == nil && version == file.version && file.settled {
		f.unschedule(file)
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
	case err == nil && f.isLeftover(file, state):
		f.setAside(file)
		return
	case err == nil:
		file.root.leftovers.forget(file.name)
		f.set.put(file.key(), f.interner.intern(file.root.path, state, time.Unix(0, file.version.ModTime)))
	}
	f.setReason(file, err)
	if file.reason == Busy {
		f.retry(file)
	} else {
		f.unschedule(file)
	}
}

// setReason records the result of reading a file, and logs a new reason to skip
// it. After an error, the content that was read before remains in use.
func (f *finder) setReason(file *file, err error) {
	reason := file.reasonFor(err)
	if reason == file.reason {
		return
	}
	file.reason = reason
	level := zap.WarnLevel
	switch reason {
	case "":
		return
	case Busy, Unreadable:
		// A file is often busy while a container starts. Unreadable usually applies
		// to all files, and is reported as a discovery error.
		level = zap.DebugLevel
	}
	f.skipLog.Log(level, "Skipping gVisor state file", file.path(), zap.String("reason", string(reason)), zap.Error(err))
}

// forget removes a file that no longer exists.
func (f *finder) forget(file *file) {
	f.changed = true
	f.unschedule(file)
	delete(file.root.files, file.name.String())
	file.root.leftovers.forget(file.name)
	f.set.remove(file.key(), file.name.ContainerID)
	if file.reported != "" {
		f.observer.Skipped(file.path(), "")
	}
}
