package discovery

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// file is a state file as of the last check.
type file struct {
	root *root
	name statefile.Name
	// version identifies the content that was last read. settled reports whether
	// every later write to the file results in another version.
	version host.FileID
	settled bool
	// reason is the reason why the last read failed, empty if it succeeded.
	reason Reason
	// reported is the reason that was last reported to the observer.
	reported Reason
	// listed is the number of the last scan that listed the file.
	listed uint64

	// due is the time of the next check, zero if none is scheduled. delay is the
	// delay of the last retry.
	due   time.Time
	delay time.Duration

	// lockedSince is when the lock was found to be held for the first time since the
	// file was last read. unusable is the version that was read despite the lock
	// and is not to be used.
	lockedSince time.Time
	unusable    host.FileID
	// locked reports whether the file was last read despite the lock.
	locked bool
}

func (f *file) path() string { return filepath.Join(f.root.path, f.name.String()) }

func (f *file) key() Key { return Key{Root: f.root.path, ID: f.name.SandboxID} }

// clockGranularity is well above the interval in which two writes can get the
// same timestamp.
const clockGranularity = 100 * time.Millisecond

// reader reads state files into a shared buffer.
type reader struct {
	now func() time.Time
	// annotations are the keys of those that are kept.
	annotations []string
	buffer      []byte
}

// read reads a file and records its version. The returned state is valid until the
// next call.
func (r *reader) read(f *file) (*statefile.State, error) {
	f.version, f.settled = host.FileID{}, false
	lock, lockErr := host.TryLock(filepath.Join(f.root.path, f.name.LockFile()))
	f.locked = errors.Is(lockErr, host.ErrLocked)
	if f.locked && !r.ignoresLock(f) {
		return nil, lockErr
	}
	// Other errors are ignored: without a lock file, the parser detects that a file
	// is incomplete.
	data, version, err := host.ReadRegular(f.path(), statefile.MaxSize, r.buffer)
	if lock != nil {
		_ = lock.Close()
	}
	if err != nil {
		return nil, err
	}
	r.buffer = data
	written := time.Unix(0, max(version.ModTime, version.ChangeTime))
	f.version, f.settled = version, r.now().Sub(written).Abs() > clockGranularity
	state, err := statefile.Parse(data, r.annotations...)
	if f.locked && !f.isUsable(state, err) {
		return nil, lockErr
	}
	f.lockedSince = time.Time{}
	if err != nil {
		return nil, err
	}
	if state.ContainerID != f.name.ContainerID || state.Sandbox.ID != f.name.SandboxID {
		return nil, errForeign
	}
	// These strings share the memory of the file name, which is kept anyway.
	state.ContainerID, state.Sandbox.ID = f.name.ContainerID, f.name.SandboxID
	return state, nil
}

// maxLockTime is how long the lock of a file can be held before the file is read
// without it. runsc holds the lock for much less, except while it waits for a hook of
// the container, which may hang. That must not hide a sandbox.
const maxLockTime = 10 * time.Second

// ignoresLock reports whether to read a locked file despite the lock.
func (r *reader) ignoresLock(f *file) bool {
	if f.lockedSince.IsZero() {
		f.lockedSince = r.now()
	}
	if r.now().Sub(f.lockedSince) < maxLockTime {
		return false
	}
	current, err := host.Stat(f.path())
	return err != nil || current != f.unusable
}

// isUsable reports whether what was read despite the lock is consistent: it was
// complete, runsc did not write while it was read, and runsc has created the
// sandbox. A new version of the file is not needed to try again if the file has
// changed only recently.
func (f *file) isUsable(state *statefile.State, err error) bool {
	current, statErr := host.Stat(f.path())
	usable := err == nil && statErr == nil && current == f.version && f.settled && state.Status != statefile.Creating
	if !usable {
		f.unusable = host.FileID{}
		if f.settled {
			f.unusable = f.version
		}
		f.version, f.settled = host.FileID{}, false
	}
	return usable
}
