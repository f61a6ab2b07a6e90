package discovery

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// file is a state file, as it was when it was last looked at.
type file struct {
	root *root
	name statefile.Name
	// version is what was last read; settled tells that whatever is written to
	// the file from now on makes another version of it.
	version host.FileID
	settled bool
	// passed is why it is not taken, empty if it is.
	passed Reason
	// listed is the scan that last saw it.
	listed uint64

	// due is when it is to be looked at again, zero if nothing is pending;
	// delay is how long that was put off last.
	due   time.Time
	delay time.Duration
}

func (f *file) path() string { return filepath.Join(f.root.path, f.name.String()) }

// clockGranularity is far more than the time during which two writes can get
// the same time stamp.
const clockGranularity = 100 * time.Millisecond

// errForeign: the file is not what its name says.
var errForeign = errors.New("the ids in the file are not those in its name")

// reader reads state files, with one buffer for all.
type reader struct {
	now    func() time.Time
	buffer []byte
}

// read reads a file, and notes which version of it that was. The state holds
// until the next call.
func (r *reader) read(f *file) (*statefile.State, error) {
	f.version, f.settled = host.FileID{}, false
	lock, err := host.TryLock(filepath.Join(f.root.path, f.name.LockFile()))
	if errors.Is(err, host.ErrLocked) {
		return nil, err
	}
	// Without a lock file, or with one that may not be opened, what is half
	// written has to show when it is parsed.
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
	state, err := statefile.Parse(data)
	if err != nil {
		return nil, err
	}
	if state.ContainerID != f.name.ContainerID || state.Sandbox.ID != f.name.SandboxID {
		return nil, errForeign
	}
	// The name is kept anyway; its parts need not be kept again.
	state.ContainerID, state.Sandbox.ID = f.name.ContainerID, f.name.SandboxID
	return state, nil
}

// reasonOf tells why an error keeps a file from being taken.
func (f *file) reasonOf(err error) Reason {
	var onPath *fs.PathError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, host.ErrLocked):
		return Busy
	case errors.Is(err, host.ErrNotRegular):
		return NotRegular
	case errors.Is(err, host.ErrTooLarge):
		return Oversize
	case errors.Is(err, errForeign):
		return Foreign
	case errors.As(err, &onPath):
		return Unreadable
	case !f.settled:
		return Busy
	}
	return Malformed
}
