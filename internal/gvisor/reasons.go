package gvisor

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// admissionReasons are the reasons of [admission].
var admissionReasons = []sandbox.SkipReason{
	{
		Name:   unregistered,
		Cause:  "`gvisor::trust` is `registered`, and the sandbox was started without `--metric-server`.",
		Remedy: "Start sandboxes with `--metric-server`, or set `gvisor::trust: first_use`.",
	},
	{
		Name: otherMetricServer,
		Cause: "`gvisor::metric_server_address` is set, and the sandbox was started with a different `--metric-server`, or " +
			"without one.",
		Remedy: "Use the same address for both, or remove the option.",
	},
}

// SkipReasons returns the closed list of reasons for which a path is skipped.
func (*Config) SkipReasons() []sandbox.SkipReason {
	return slices.Concat(discovery.Reasons, admissionReasons)
}
