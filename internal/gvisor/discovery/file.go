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
	lock, err := host.TryLock(filepath.Join(f.root.path, f.name.LockFile()))
	if errors.Is(err, host.ErrLocked) {
		return nil, err
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
