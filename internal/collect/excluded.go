package collect

import (
	"path/filepath"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Excluded is the reason why a sandbox that the configuration does not select is
// skipped.
const Excluded = "excluded"

// excluded holds the sandboxes that the configuration does not select.
type excluded struct {
	paths map[sandbox.Sandbox]string
	// counts are the numbers of sandboxes by path: a sandbox can be replaced by another
	// one with the same ID.
	counts map[string]int
}

func newExcluded() excluded {
	return excluded{paths: map[sandbox.Sandbox]string{}, counts: map[string]int{}}
}

func (e *excluded) add(s sandbox.Sandbox, path string) {
	e.paths[s] = path
	e.counts[path]++
}

// remove removes a sandbox and returns its path, which is empty if it is not excluded.
func (e *excluded) remove(s sandbox.Sandbox) (path string) {
	path = e.paths[s]
	if path == "" {
		return ""
	}
	delete(e.paths, s)
	e.counts[path]--
	if e.counts[path] == 0 {
		delete(e.counts, path)
	}
	return path
}

// has reports whether a sandbox with this path is excluded.
func (e *excluded) has(path string) bool { return e.counts[path] > 0 }

// exclude closes a sandbox that the configuration does not select and returns the path
// that identifies it: its ID in its runtime root or storage path. It returns an empty
// path for all others, including those whose identity cannot be determined, which the
// scheduler handles.
func (c *Collection) exclude(s sandbox.Sandbox) (path string) {
	if c.settings.Selects == nil {
		return ""
	}
	isolated, ok := c.isolate(s)
	if !ok || c.settings.Selects(isolated.Identity()) {
		return ""
	}
	id := isolated.Identity()
	// A forged annotation can be the reason why the namespace is unknown.
	c.reportPodConflict(id)
	_ = isolated.Close()
	return filepath.Join(id.Root, id.ID)
}
