package usage

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Footprint is the usage of a sandbox on the host.
type Footprint struct {
	// CgroupUsage has the figures that are in Known. Its counters are accumulated:
	// they never decrease.
	host.CgroupUsage
	// FromProcesses are the figures that were measured from the process tree instead
	// of the cgroup. Memory is then without the page cache, and an estimate unless
	// the sandbox has a memory file: pages that several processes share are counted
	// several times.
	FromProcesses host.Figures
	// Truncated is set if the process tree was too large to be read completely, so
	// that the figures from it are too low.
	Truncated bool
	// CgroupErr is why the cgroup or some of its figures could not be used, or nil.
	CgroupErr error
}
