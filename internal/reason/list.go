package reason

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/runtimes"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// All returns the closed list of reasons of all runtimes.
func All() []sandbox.SkipReason { return slices.Concat(collect.SkipReasons, runtimes.SkipReasons()) }

// Find returns a reason of a runtime by its name. ok is false if there is no such
// reason.
func Find(runtime, name string) (found sandbox.SkipReason, ok bool) {
	for _, reason := range All() {
		if reason.Name == name && (reason.Runtime == runtime || reason.Runtime == "") {
			return reason, true
		}
	}
	return sandbox.SkipReason{}, false
}
