package usage

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const (
	// filestoreWait is how long a reading waits for the size of the files. The root
	// file system of a container can be a mount that does not respond, such as a
	// FUSE mount, and a reading delays those of other sandboxes.
	filestoreWait = 10 * time.Millisecond
	// maxFilestoreCalls is the maximum number of sandboxes whose files are examined at
	// a time, including calls that hang.
	maxFilestoreCalls = 64
)

// filestores examines files without waiting for mounts that do not respond.
type filestores struct {
	// size returns the size of one file.
	size func(path string) (uint64, error)
	// calls has an element for each sandbox whose files are being examined.
	calls chan struct{}
}

func newFilestores() *filestores {
	return &filestores{size: host.AllocatedSize, calls: make(chan struct{}, maxFilestoreCalls)}
}

// filestoreSize is the size of all files of a sandbox. It is unknown if one of them
// cannot be examined.
type filestoreSize struct {
	total uint64
	known bool
}

// examine returns a channel for the size of the files, nil if too many hang.
func (f *filestores) examine(paths []string) <-chan filestoreSize {
	select {
	case f.calls <- struct{}{}:
	default:
		return nil
	}
	result := make(chan filestoreSize, 1)
	go func() {
		defer func() { <-f.calls }()
		result <- f.sum(paths)
	}()
	return result
}

func (f *filestores) sum(paths []string) (sum filestoreSize) {
	for _, path := range paths {
		size, err := f.size(path)
		if err != nil {
			return filestoreSize{}
		}
		sum.total += size
	}
	return filestoreSize{sum.total, true}
}

// filestoreSize returns the size of the files of the sandbox, if it is known in time.
// While a call hangs, no other call is started for the sandbox.
func (r *Reporter) filestoreSize(paths []string) (total uint64, known bool) {
	if r.examined != nil {
		select {
		case <-r.examined: // This size is outdated.
			r.examined = nil
		default:
			return 0, false
		}
	}
	if r.examined = r.settings.filestores.examine(paths); r.examined == nil {
		return 0, false
	}
	timer := time.NewTimer(filestoreWait)
	defer timer.Stop()
	select {
	case size := <-r.examined:
		r.examined = nil
		return size.total, size.known
	case <-timer.C:
		return 0, false
	}
}
