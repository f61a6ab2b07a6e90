package discovery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// maxRoots bounds how many directories the patterns may lead to.
const maxRoots = 1024

// DefaultRoots are the roots, and patterns of roots, that gVisor has in common
// installations: Docker, containerd with runsc's own shim and with runc's, k3s,
// runsc by hand, runsc without root.
func DefaultRoots() []string {
	roots := []string{
		"/run/docker/runtime-runc/moby",
		"/run/containerd/runsc/*",
		"/run/containerd/runc/*",
		"/run/k3s/containerd/runsc/*",
		"/run/runsc",
	}
	if own := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(own) {
		// The value is a path and not part of a pattern.
		roots = append(roots, escapePattern(filepath.Join(own, "runsc")))
	}
	return roots
}

func escapePattern(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// directory tells a directory from others that were or are at the same path.
type directory struct {
	device, inode uint64
}

// location is a root that was found.
type location struct {
	path string
	directory
}

// resolve finds the directories that patterns lead to, each once, in the order
// of the patterns and then by name. Those that may not be looked at come with
// their errors; those that do not exist are simply not there. excess is how many
// are beyond the bound.
func resolve(patterns []string) (found []location, failed map[string]error, excess int) {
	failed = map[string]error{}
	for _, pattern := range patterns {
		paths, literal := expand(pattern, failed)
		for _, path := range paths {
			id, err := host.Directory(path)
			if err != nil {
				// Beside the roots that a pattern is meant for, other files are
				// nothing unusual.
				if !errors.Is(err, fs.ErrNotExist) && (literal || errors.Is(err, fs.ErrPermission)) {
					failed[path] = err
				}
				continue
			}
			place := location{path, directory{id.Device, id.Inode}}
			if slices.ContainsFunc(found, func(known location) bool { return known.directory == place.directory }) {
				continue
			}
			if len(found) == maxRoots {
				excess++
				continue
			}
			found = append(found, place)
		}
	}
	return found, failed, excess
}

// expand turns a pattern into the paths it matches now, and tells whether it is
// no pattern but one path.
func expand(pattern string, failed map[string]error) (paths []string, literal bool) {
	special := strings.IndexAny(pattern, `*?[\`)
	if special < 0 {
		return []string{filepath.Clean(pattern)}, true
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		failed[pattern] = err
	}
	if len(paths) == 0 {
		// Glob keeps silent about a directory that may not be read.
		parent := filepath.Dir(pattern[:special] + "x")
		if _, err := os.ReadDir(parent); errors.Is(err, fs.ErrPermission) {
			failed[parent] = err
		}
	}
	return paths, false
}
