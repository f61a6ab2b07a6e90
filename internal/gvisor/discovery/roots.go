package discovery

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// maxRoots limits the number of roots. It also limits the number of inaccessible
// paths and of excess roots that are reported.
const maxRoots = 1024

// DefaultRoots returns the roots, and patterns of roots, of common installations:
// Docker, containerd with the shim of runsc and with that of runc, k3s, runsc on
// the command line, and rootless runsc.
func DefaultRoots() []string {
	roots := []string{
		"/run/docker/runtime-runc/moby",
		"/run/containerd/runsc/*",
		"/run/containerd/runc/*",
		"/run/k3s/containerd/runsc/*",
		"/run/runsc",
	}
	if directory := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(directory) {
		// The value is a path, not a pattern.
		roots = append(roots, escapePattern(filepath.Join(directory, "runsc")))
	}
	return roots
}

func escapePattern(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// directoryID distinguishes a directory from others that are or were at the same
// path.
type directoryID struct {
	device, inode uint64
}

// location is the location of an existing root.
type location struct {
	path string
	directoryID
}

// resolution is the result of resolving patterns of roots.
type resolution struct {
	// roots are the existing directories, each once, in the order of the patterns
	// and then by name.
	roots []location
	// matches are the paths of the roots that each pattern matches. A root that
	// several patterns match has the path of the first match.
	matches map[string][]string
	// failed are paths that could not be accessed. A path that does not exist is
	// not an error.
	failed map[string]error
	// excess are the directories above the limit on roots.
	excess []string
}

func (r *resolution) fail(path string, err error) {
	if len(r.failed) < maxRoots {
		r.failed[path] = err
	}
}

// resolve finds the directories that match the patterns. It stops early when the
// context ends.
func resolve(ctx context.Context, patterns []string) *resolution {
	r := &resolution{failed: map[string]error{}, matches: map[string][]string{}}
	for _, pattern := range patterns {
		paths, literal := r.expand(pattern)
		for _, path := range paths {
			if ctx.Err() != nil {
				return r
			}
			r.add(pattern, path, literal)
		}
	}
	return r
}

// add adds the root at a path that matches a pattern.
func (r *resolution) add(pattern, path string, literal bool) {
	id, err := host.Directory(path)
	if err != nil {
		// A pattern may well match files other than directories.
		if !errors.Is(err, fs.ErrNotExist) && (literal || errors.Is(err, fs.ErrPermission)) {
			r.fail(path, err)
		}
		return
	}
	l := location{path, directoryID{id.Device, id.Inode}}
	same := func(known location) bool { return known.directoryID == l.directoryID }
	switch known := slices.IndexFunc(r.roots, same); {
	case known >= 0:
		r.matches[pattern] = append(r.matches[pattern], r.roots[known].path)
	case len(r.roots) < maxRoots:
		r.roots = append(r.roots, l)
		r.matches[pattern] = append(r.matches[pattern], path)
	case len(r.excess) < maxRoots:
		r.excess = append(r.excess, path)
		r.matches[pattern] = append(r.matches[pattern], path)
	}
}

// expand returns the paths that currently match a pattern. literal reports whether
// the pattern is a single path without special characters.
func (r *resolution) expand(pattern string) (paths []string, literal bool) {
	special := strings.IndexAny(pattern, `*?[\`)
	if special < 0 {
		return []string{filepath.Clean(pattern)}, true
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		r.fail(pattern, err)
	}
	if len(paths) == 0 {
		// Glob ignores directories that cannot be read.
		parent := filepath.Dir(pattern[:special] + "x")
		if _, err := os.ReadDir(parent); errors.Is(err, fs.ErrPermission) {
			r.fail(parent, err)
		}
	}
	return paths, false
}
