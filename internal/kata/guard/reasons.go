package guard

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

var skippedOnly = []sandbox.State{sandbox.Skipped}

// Reasons lists all values of [Reason].
var Reasons = []sandbox.SkipReason{
	{
		Name:   string(UnsafeHypervisor),
		States: skippedOnly,
		Cause:  "runtime-rs with QEMU or Firecracker: a request for metrics crashes the shim.",
		Remedy: "Use the Go runtime, or runtime-rs with Dragonball or Cloud Hypervisor. If your version of runtime-rs contains a fix, " +
			"use `kata::trusted_hypervisors`.",
		See: "Trusted hypervisors",
	},
	{
		Name:   string(UnknownHypervisor),
		States: skippedOnly,
		Cause: "runtime-rs with a hypervisor that the receiver does not know, or with `cloud-hypervisor`, whose safety depends on " +
			"the version.",
		Remedy: "For `cloud-hypervisor`, use `kata::trusted_hypervisors`. If a request is known to be safe with another hypervisor, " +
			"set `kata::collection: shim`.",
		See: "Trusted hypervisors",
	},
	{
		Name:   string(NoState),
		States: []sandbox.State{sandbox.Booting, sandbox.Skipped},
		Cause: "runtime-rs has not written a state file, so the hypervisor is unknown. For two minutes, the sandbox is considered to " +
			"be booting. It takes longer if Firecracker runs in its jailer, or if the hypervisor runs as a user other than root: then " +
			"there is never a state file.",
		Remedy: "If a request is known to be safe, set `kata::collection: shim`.",
	},
	{
		Name:   string(Spinning),
		States: skippedOnly,
		Cause:  "The shim is in an endless loop: it uses at least 0.9 CPUs for 30 s while it handles no request.",
		Remedy: "Restart the pod.",
		See:    "Spinning Kata shims",
	},
	{
		Name:   string(IncompleteResponses),
		States: skippedOnly,
		Cause:  "Four responses of the shim were incomplete, timed out, or were too large or malformed.",
		Remedy: "Restart the pod. If the guest was only unresponsive or overloaded, restart the Collector to reset the count.",
		See:    "Spinning Kata shims",
	},
	{
		Name:   string(ByConfiguration),
		States: []sandbox.State{sandbox.Running},
		Cause:  "`kata::collection` is `passive`.",
		Remedy: "To request metrics from shims, set `kata::collection: auto`.",
	},
}
