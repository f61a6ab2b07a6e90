package discovery

import (
	"errors"
	"io/fs"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Reason is the reason why a path is skipped.
type Reason string

// All reasons.
const (
	// Busy means that runsc is writing the file: it is locked or incomplete.
	Busy Reason = "busy"
	// Malformed means that the content is not that of a state file.
	Malformed Reason = "malformed"
	// Foreign means that the name is not that of a state file, or that it does not
	// match the IDs in the file.
	Foreign Reason = "foreign"
	// Oversize means that the file is larger than any state file.
	Oversize Reason = "oversize"
	// NotRegular means that the path is a symbolic link, a FIFO or the like.
	NotRegular Reason = "not_regular"
	// Unreadable means that a file or a root cannot be read.
	Unreadable Reason = "unreadable"
	// TooMany means that a root exceeds the limit on files or on roots.
	TooMany Reason = "too_many"
	// NoRootContainer means that the root container of the sandbox has no state
	// file.
	NoRootContainer Reason = "no_root_container"
	// Leftover means that the sandbox had ended long before the receiver found its
	// file. Such files are only counted.
	Leftover Reason = "leftover"
)

// errForeign is the error for a file whose content does not match its name.
var errForeign = errors.New("the IDs in the file differ from those in its name")

// reasonFor returns the reason why a file is skipped after reading it failed with
// the given error.
func (f *file) reasonFor(err error) Reason {
	var pathErr *fs.PathError
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
	case errors.As(err, &pathErr):
		return Unreadable
	case !f.settled:
		return Busy
	}
	return Malformed
}
