package doctor

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Host is what the checks examine.
type Host struct {
	// Files are the files of the host.
	Files Files
	// PID is the process of the command, which is not reported as another reader.
	PID int
	// Pidfd opens a pidfd and returns why that fails.
	Pidfd func() error

	// Roots are the patterns of gvisor::roots, empty if gVisor is disabled.
	Roots []string
	// StoragePaths are kata::storage_paths, empty if Kata is disabled.
	StoragePaths []string
	// VerifyPeer is gvisor::verify_peer.
	VerifyPeer bool
	// TrustedHypervisors reports whether kata::trusted_hypervisors is set.
	TrustedHypervisors bool
	// CgroupRoot is usage::cgroup_root.
	CgroupRoot string

	// Sandboxes are the sandboxes that discovery found.
	Sandboxes []Sandbox
	// DiscoveryErr is why sandboxes may be missing, or nil.
	DiscoveryErr error
}

// Sandbox is what the checks need to know about a sandbox.
type Sandbox struct {
	Runtime string
	// Path is the runtime root or storage path with the ID.
	Path  string
	Trust sandbox.Trust
	// Skip is why the sandbox is not contacted. It has no name if it is.
	Skip sandbox.SkipReason
}
