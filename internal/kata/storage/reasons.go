package storage

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Reasons lists all values of [Reason].
var Reasons = []sandbox.SkipReason{
	{
		Name:   string(NotDirectory),
		Cause:  "The entry is a file or a symbolic link, or a storage path is not a directory.",
		Remedy: "Nothing. If it is a storage path, correct `kata::storage_paths`.",
	},
	{
		Name:   string(InvalidName),
		Cause:  "The name is not a valid sandbox ID.",
		Remedy: "Nothing.",
	},
	{
		Name:   string(NoSocket),
		Cause:  "The directory contains no shim socket: the sandbox is starting, or its shim crashed and left the directory.",
		Remedy: "Nothing. Delete the directory if its sandbox no longer exists.",
	},
	{
		Name:   string(NotSocket),
		Cause:  "`shim-monitor.sock` is not a socket.",
		Remedy: "Check what created it.",
	},
	{
		Name:   string(Jailer),
		Cause:  "The entry is the working directory of Firecracker's jailer.",
		Remedy: "Nothing.",
	},
	{
		Name: string(Template),
		Cause: "The entry belongs to a virtual machine template, or to a virtual machine that was started in advance and is not " +
			"yet in use.",
		Remedy: "Nothing.",
	},
	{
		Name:   string(Unreadable),
		Cause:  "The receiver has no permission to read the entry or the storage path, or the storage path is not a directory.",
		Remedy: "Run the Collector as root, and check `kata::storage_paths`.",
		See:    "Permissions",
	},
	{
		Name: string(TooMany),
		Cause: "The limit of 10,000 sandboxes, of 65,536 entries per storage path, or of 65,536 skipped entries is exceeded. " +
			"Sandboxes that are known already remain.",
		Remedy: "Delete directories of sandboxes that no longer exist.",
	},
}
