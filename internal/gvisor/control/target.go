package control

import (
	"iter"
	"path/filepath"
	"slices"
)

// Target identifies the control socket of one sandbox.
type Target struct {
	// Root is the runtime root as it is mounted here.
	Root string
	// ID is the sandbox ID.
	ID string
	// Socket is the path of the socket as the runtime recorded it. In this mount
	// namespace it may lead elsewhere. It is empty if it is unknown.
	Socket string
	// PID is the process that must be listening; 0 accepts any process.
	PID int
}

// paths returns the possible paths of the socket, the most likely first: the
// recorded path, the same file name in the root, and the default file name in
// the root.
func (t Target) paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		var tried []string
		try := func(path string) bool {
			if slices.Contains(tried, path) {
				return true
			}
			tried = append(tried, path)
			return yield(path)
		}
		if filepath.IsAbs(t.Socket) {
			recorded := filepath.Clean(t.Socket)
			if !try(recorded) || !try(filepath.Join(t.Root, filepath.Base(recorded))) {
				return
			}
		}
		try(filepath.Join(t.Root, "runsc-"+t.ID+".sock"))
	}
}
