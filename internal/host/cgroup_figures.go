package host

import "time"

// Figures is a set of figures of a cgroup. Each figure costs the reading of a
// file, unless it is in the same file as another one.
type Figures uint32

// The figures of a [CgroupUsage].
const (
	// FigureCPU is CPU, User and System.
	FigureCPU Figures = 1 << iota
	FigureThrottled
	FigureCPULimit
	FigureMemory
	FigureWorkingSet
	FigureMemoryPeak
	FigureMemoryLimit
	FigureOOMKills
	FigureProcesses
	FigureProcessLimit
	FigureDiskBytes
	FigureDiskOperations
	FigureCPUPressure
	FigureMemoryPressure
	FigureIOPressure
)

// limitFigures are the figures that are read from the cgroup and all its parents.
const limitFigures = FigureCPULimit | FigureMemoryLimit | FigureProcessLimit

// Has reports whether the set contains all of these figures.
func (f Figures) Has(figures Figures) bool { return f&figures == figures }

// CgroupUsage is what the processes of a cgroup and of the cgroups below it use.
type CgroupUsage struct {
	// Known are the figures that were read. All others are meaningless.
	Known Figures
	// Device and Inode identify the directory of the cgroup. They change if it is
	// removed and created again, so that its counters start at 0.
	Device, Inode uint64

	// CPU is the CPU time. User and System add up to CPU, apart from rounding;
	// version 1 reports them with a resolution of 10 ms.
	CPU, User, System time.Duration
	// Throttled is how long the CPU limit kept the cgroup from running.
	Throttled time.Duration
	// CPULimit is the number of CPUs that the cgroup may use. Limits are the
	// lowest of the cgroup and its parents; without any, they are not known.
	CPULimit float64

	// Memory, WorkingSet, MemoryPeak and MemoryLimit are in bytes. WorkingSet is
	// Memory without the page cache that was not used recently.
	Memory, WorkingSet, MemoryPeak, MemoryLimit uint64
	// OOMKills is the number of processes that the kernel killed because a memory
	// limit was reached.
	OOMKills uint64

	Processes, ProcessLimit uint64

	// The counters of all block devices together.
	ReadBytes, WrittenBytes, ReadOperations, WriteOperations uint64

	CPUPressure, MemoryPressure, IOPressure Pressure

	// quota is the CPU limit of version 1 in microseconds, until the period is
	// known.
	quota uint64
}

// Pressure is how long processes waited for a resource (Documentation/accounting/psi.rst).
type Pressure struct {
	// Some is the time in which at least one process waited, Full that in which
	// all did. Older kernels do not report Full for the CPU.
	Some, Full time.Duration
	HasFull    bool
}

// limitTo lowers a limit. What is above the limit of a parent has no effect.
func (u *CgroupUsage) limitTo(figure Figures, limit *uint64, value uint64) {
	if u.Known.Has(figure) {
		value = min(value, *limit)
	}
	*limit = value
	u.Known |= figure
}

// limitCPU lowers the CPU limit to quota in every period.
func (u *CgroupUsage) limitCPU(quota, period uint64) {
	limit := float64(quota) / float64(period)
	if u.Known.Has(FigureCPULimit) {
		limit = min(limit, u.CPULimit)
	}
	u.CPULimit = limit
	u.Known |= FigureCPULimit
}
