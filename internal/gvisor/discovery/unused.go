package discovery

import (
	"slices"
	"strings"

	"go.uber.org/zap"
)

// warnAboutRoots logs which configured roots contain no sandboxes, as of
// the first scan. A root can appear later, so this is not an error; and defaults
// are expected not to exist.
func (f *finder) warnAboutRoots() {
	if !f.configured {
		return
	}
	for _, pattern := range f.patterns {
		if f.isInaccessible(pattern) {
			continue // This was logged when the root was resolved.
		}
		if problem := f.problemOf(pattern); problem != "" {
			f.logger.Warn(problem+": check gvisor::roots, which must list the directories that runsc is given as --root",
				zap.String("root", pattern))
		}
	}
}

// isInaccessible reports whether a pattern, or a directory in it, could not be
// accessed.
func (f *finder) isInaccessible(pattern string) bool {
	for path := range f.failed {
		if strings.HasPrefix(pattern, path) {
			return true
		}
	}
	return false
}

// problemOf returns why a pattern matches no sandbox, empty if it matches any.
func (f *finder) problemOf(pattern string) string {
	paths := f.matches[pattern]
	if len(paths) == 0 {
		return "Configured gVisor runtime root does not exist"
	}
	foreign := false
	for _, path := range paths {
		r := f.roots[path]
		if r == nil || r.failed != nil || len(r.files)+len(r.leftovers.versions) > 0 {
			return ""
		}
		foreign = foreign || r.entries > 0
	}
	if foreign && !slices.ContainsFunc(paths, func(path string) bool { return f.roots[path].hasTraces }) {
		return "Configured path is not a gVisor runtime root: it contains nothing that runsc creates"
	}
	return "Configured gVisor runtime root contains no state file"
}
