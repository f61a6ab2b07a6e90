package kata

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// skipped remembers which skipped paths have been reported.
type skipped struct {
	// version is that of the inventory at the last report.
	version uint64
	reasons map[string]storage.Reason
}

// report reports what has changed since the last report: paths that are now
// skipped, skipped for another reason, or no longer skipped.
func (s *skipped) report(inventory *storage.Inventory, observer sandbox.Observer) {
	version := inventory.SkippedVersion()
	if s.reasons != nil && version == s.version {
		return
	}
	reasons := inventory.Skipped()
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
	s.version, s.reasons = version, reasons
}
