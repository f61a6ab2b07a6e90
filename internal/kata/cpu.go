package kata

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// cpuReading is the CPU time that a process had used at a point in time. The zero
// value means that there is no reading.
type cpuReading struct {
	pid int
	// start is when the process started. It distinguishes the process from a later
	// one with the same PID.
	start uint64
	used  time.Duration
	at    time.Time
}

// readCPU returns how much CPU time a process has used, or the zero value if it
// has exited or is not visible.
func readCPU(processes host.Processes, pid int, now func() time.Time) cpuReading {
	if pid <= 0 {
		return cpuReading{}
	}
	before := now()
	times, err := processes.Times(pid)
	if err != nil || times.State == 'Z' || times.State == 'X' {
		return cpuReading{}
	}
	return cpuReading{pid: pid, start: times.Start, used: host.Ticks(times.User + times.System), at: before}
}

// cores returns the average number of CPUs that the process has used since the
// reading, and the time since then. ok is false if the process has exited or is no
// longer visible.
func (r cpuReading) cores(processes host.Processes, now func() time.Time) (cores float64, elapsed time.Duration, ok bool) {
	current := readCPU(processes, r.pid, now)
	if current == (cpuReading{}) || current.start != r.start {
		return 0, 0, false
	}
	// A delay between reading the clock and the process makes the elapsed time longer,
	// so the result is never too high.
	elapsed = now().Sub(r.at)
	if elapsed <= 0 || current.used < r.used {
		return 0, 0, true
	}
	return (current.used - r.used).Seconds() / elapsed.Seconds(), elapsed, true
}
