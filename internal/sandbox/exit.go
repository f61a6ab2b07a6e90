package sandbox

import "time"

// ExitReason is why a sandbox ended, as far as files and cgroups of the host show. It
// is the attribute sandbox.exit.reason.
type ExitReason string

const (
	// ExitCompleted means that the workload ended by itself, with any exit code.
	ExitCompleted ExitReason = "completed"
	// ExitKilled means that a signal ended the workload or the sandbox.
	ExitKilled ExitReason = "killed"
	// ExitOOM means that the kernel killed a process of the sandbox because a memory
	// limit was reached.
	ExitOOM ExitReason = "oom"
	// ExitRemoved means that the sandbox was removed while it was running.
	ExitRemoved ExitReason = "removed"
	// ExitUnknown means that the host does not show the reason.
	ExitUnknown ExitReason = "unknown"
)

// ExitReasons lists all values of [ExitReason].
var ExitReasons = [...]ExitReason{ExitCompleted, ExitKilled, ExitOOM, ExitRemoved, ExitUnknown}

// ExitFigures is a set of fields of [Exit].
type ExitFigures uint8

// The fields of [Exit] that can be unknown.
const (
	ExitLifetime ExitFigures = 1 << iota
	ExitCPU
	ExitMemory
	ExitMemoryPeak
	ExitOOMKills
	ExitThrottled
)

// Has reports whether the set contains all of these figures.
func (f ExitFigures) Has(figures ExitFigures) bool { return f&figures == figures }

// Exit is what is known about the end of a sandbox.
type Exit struct {
	Reason ExitReason
	// Time is when the end was noticed.
	Time time.Time
	// Known are the figures below that are known. All others are meaningless.
	Known ExitFigures
	// Lifetime is the time from the start of the sandbox, or its restore, to its end.
	Lifetime time.Duration
	// CPU and Throttled are totals since the start of the cgroup or the processes.
	CPU, Throttled time.Duration
	// Memory and MemoryPeak are in bytes. Memory is that of the last reading in which
	// the sandbox still used any.
	Memory, MemoryPeak uint64
	// OOMKills is the number of processes that the kernel killed because a memory limit
	// was reached.
	OOMKills uint64
	// Restored reports whether the sandbox was restored from a checkpoint.
	Restored bool
	// SampleAge is how long before Time the figures were measured, other than Lifetime:
	// close to 0 if the cgroup still existed when the end was noticed. It is meaningless
	// if there are none.
	SampleAge time.Duration
}

// Exiter is implemented by sandboxes that know how they ended.
type Exiter interface {
	Sandbox
	// Running returns when the sandbox was first found to run, zero if that is unknown.
	// It may be called at any time.
	Running() time.Time
	// Exit returns what is known about the end of the sandbox at this time. It is called
	// at most once, in the first turn after the end, before AppendSeries and Close.
	Exit(now time.Time) Exit
}

// Notifier is implemented by sandboxes that report changes of their status for which
// the next pull must not wait.
type Notifier interface {
	Sandbox
	// OnChange sets the function to call when the sandbox has booted or has ended. It is
	// called before the first pull. The function may be called from any goroutine and
	// does not block.
	OnChange(notify func())
}
