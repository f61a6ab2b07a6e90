package usage

import (
	"sync/atomic"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Host is the state that the meters of all sandboxes share.
type Host struct {
	Processes host.Processes
	// Groups are the cgroups of the sandboxes.
	Groups *Groups

	// roots are the first processes of the sandboxes. A process that two sandboxes
	// have is used for neither.
	roots *Groups

	layout *host.CgroupLayout
	// maxTree is maxTreeProcesses, except in tests.
	maxTree int
	// remembered is the number of processes in all trees, except for the roots and
	// ownProcesses others of each.
	remembered atomic.Int64
}

// NewHost returns a Host that reads below the roots of these.
func NewHost(cgroups host.Cgroups, processes host.Processes) *Host {
	return &Host{Processes: processes, Groups: NewGroups(), roots: NewGroups(), layout: cgroups.Layout(), maxTree: maxTreeProcesses}
}

// reserve reports whether one more process may be remembered.
func (h *Host) reserve() bool {
	if h.remembered.Add(1) > maxProcesses {
		h.remembered.Add(-1)
		return false
	}
	return true
}

func (h *Host) release(processes int) { h.remembered.Add(-int64(processes)) }
