package control

import (
	"iter"
	"path/filepath"
	"slices"
)

// Target is where one sandbox listens.
type Target struct {
	// Root is the runtime root, as it is mounted here.
	Root string
	// ID is the sandbox id.
	ID string
	// Socket is the path of the socket as the runtime recorded it, which may be
	// a path that leads elsewhere here; empty if it is unknown.
	Socket string
	// PID is the process that must listen; 0 accepts any.
	PID int
}

// paths yields where the socket may be, the likeliest first: where the runtime
// put it, under the same name in the root, and under the usual name in the
// root.
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
