package kata

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// SkipReasons returns the closed list of reasons for which an entry of a storage path
// is skipped or a shim is not contacted.
func (*Config) SkipReasons() []sandbox.SkipReason {
	return slices.Concat(storage.Reasons, guard.Reasons)
}
