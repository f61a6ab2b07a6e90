package kata

import (
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

// warnAboutPaths logs which configured storage paths contain no sandbox, as of the
// first scan. One can appear later, so this is not an error; and defaults are
// expected not to exist.
func (f *finder) warnAboutPaths() {
	if slices.Equal(f.runtime.config.StoragePaths, defaultStoragePaths()) {
		return
	}
	for _, path := range f.inventory.StoragePaths() {
		if f.scanErrors[path] != nil {
			continue // This is a discovery error.
		}
		if problem := f.problemOf(path); problem != "" {
			f.runtime.logger.Warn(problem, zap.String("path", path))
		}
	}
}

// problemOf returns why a storage path contains no sandbox and the remedy, empty if
// it contains one.
func (f *finder) problemOf(path string) string {
	const (
		remedy    = ": check kata::storage_paths, which must list directories such as /run/vc/sbs and /run/kata"
		noSandbox = "Configured Kata storage path contains no sandbox" + remedy
	)
	switch {
	case f.inventory.IsAlias(path):
		return ""
	case !f.inventory.Exists(path):
		return "Configured Kata storage path does not exist" + remedy
	}
	isIn := func(entry string) bool { return filepath.Dir(entry) == path }
	for entry := range f.reported {
		if isIn(entry) {
			return ""
		}
	}
	for entry := range f.candidates {
		if isIn(entry) {
			return ""
		}
	}
	foreign := false
	for entry, reason := range f.inventory.Skipped() {
		if isIn(entry) {
			foreign = true
			switch reason {
			case storage.Jailer, storage.Template:
				return noSandbox
			case storage.Unreadable:
				return "Configured Kata storage path contains no readable sandbox: run the Collector as root"
			}
		}
	}
	if foreign {
		return "Configured path is not a Kata storage path: none of its entries is a sandbox" + remedy
	}
	return noSandbox
}

// warnAboutCut logs once that a storage path has more entries than a scan reads.
func (f *finder) warnAboutCut(path string) {
	if f.loggedCut[path] {
		return
	}
	f.loggedCut[path] = true
	f.runtime.logger.Warn("Kata storage path has too many entries to list all; new sandboxes may not be discovered: "+
		"delete directories of sandboxes that no longer exist", zap.String("path", path))
}
