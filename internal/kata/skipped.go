package kata

import (
	"errors"
	"maps"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// skipped remembers which skipped paths have been reported.
type skipped struct {
	// version is that of the inventory at the last report, and roots are the reasons
	// that concerned whole storage paths.
	version uint64
	roots   map[string]storage.Reason
	reasons map[string]storage.Reason
}

// report reports what has changed since the last report: paths that are now
// skipped, skipped for another reason, or no longer skipped.
func (s *skipped) report(inventory *storage.Inventory, roots map[string]storage.Reason, observer sandbox.Observer) {
	version := inventory.SkippedVersion()
	if s.reasons != nil && version == s.version && maps.Equal(roots, s.roots) {
		return
	}
	reasons := inventory.Skipped()
	maps.Copy(reasons, roots)
	for path := range s.reasons {
		if _, still := reasons[path]; !still {
			observer.Skipped(path, "")
		}
	}
	for path, reason := range reasons {
		if s.reasons[path] != reason {
			observer.Skipped(path, string(reason))
		}
	}
	s.version, s.roots, s.reasons = version, roots, reasons
}

// skippedRoots returns the reasons that concern whole storage paths: because of them,
// sandboxes may be missing.
func (f *finder) skippedRoots() map[string]storage.Reason {
	var roots map[string]storage.Reason
	for _, path := range f.inventory.StoragePaths() {
		reason := rootReason(f.scanErrors[path], f.inventory.IsCut(path))
		if reason == "" {
			continue
		}
		if roots == nil {
			roots = map[string]storage.Reason{}
		}
		roots[path] = reason
	}
	return roots
}

// rootReason returns the reason that concerns a whole storage path, empty if there is
// none. err is the error of its last scan.
func rootReason(err error, cut bool) storage.Reason {
	switch {
	case errors.Is(err, storage.ErrNotDirectory):
		return storage.NotDirectory
	case err != nil:
		return storage.Unreadable
	case cut:
		return storage.TooMany
	}
	return ""
}
