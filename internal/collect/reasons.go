package collect

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// SkipReasons lists the reasons for which sandboxes of all runtimes are skipped.
var SkipReasons = []sandbox.SkipReason{{
	Name: Excluded,
	Cause: "`include` or `exclude` does not select the sandbox. The path is the runtime root or storage path with the " +
		"sandbox ID.",
	Remedy: "Nothing, or change these options.",
}}
