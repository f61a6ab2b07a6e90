package discovery

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Reasons lists all values of [Reason].
var Reasons = []sandbox.SkipReason{
	{
		Name:  string(Busy),
		Cause: "`runsc` is writing the state file: it is locked or incomplete.",
		Remedy: "Nothing; the receiver reads it again within a second, and after 10 s despite the lock. If the reason persists, " +
			"check for a `runsc` process that hangs.",
	},
	{
		Name:   string(Malformed),
		Cause:  "The content is not that of a state file, or is truncated.",
		Remedy: "Check the error in the log. Delete the file if its sandbox no longer exists.",
	},
	{
		Name: string(Foreign),
		Cause: "The file was not written by `runsc`: its name is not `<container>_sandbox:<sandbox>.state`, or does not match the " +
			"IDs in the file.",
		Remedy: "Nothing, or move the file out of the runtime root.",
	},
	{
		Name:   string(Oversize),
		Cause:  "The file exceeds 4 MiB.",
		Remedy: "Check what wrote the file.",
	},
	{
		Name:   string(NotRegular),
		Cause:  "The path is a symbolic link, a directory or a special file.",
		Remedy: "Check what created it.",
	},
	{
		Name: string(Leftover),
		Cause: "A state file of a sandbox that had already ended when the receiver found the file, which had not changed for " +
			"10 minutes. `runsc` was killed, or the host has rebooted. In a runtime root that has reached its limit, also the file of a " +
			"sandbox that ended later. Such files are only counted, not reported as stopped sandboxes.",
		Remedy: "Delete them with `runsc --root=<root> delete --force <container>`.",
	},
	{
		Name: string(NoRootContainer),
		Cause: "The root container of the sandbox has no state file: the sandbox is being created or deleted, or was deleted " +
			"incompletely.",
		Remedy: "Nothing. If the reason persists, delete the remaining containers with " +
			"`runsc --root=<root> delete --force <container>`.",
	},
	{
		Name:   string(Unreadable),
		Cause:  "The receiver has no permission to read the state file or runtime root, or the runtime root is not a directory.",
		Remedy: "Run the Collector as root.",
		See:    "Permissions",
	},
	{
		Name: string(TooMany),
		Cause: "The limit of 1,024 runtime roots, or of 20,000 state files or 262,144 directory entries per root is exceeded. " +
			"Sandboxes that are known already remain.",
		Remedy: "Delete files of sandboxes that no longer exist, or use more specific `gvisor::roots`.",
	},
}
