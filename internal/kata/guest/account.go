package guest

import (
	"math"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

const (
	// cpuTolerance is added to the time between two responses: the guest counts CPU
	// time in steps of 10 ms for each mode.
	cpuTolerance = 100 * time.Millisecond
	// maxBootTime is how long before the creation of the sandbox its virtual machine
	// may have started: the socket of a shim is created after that, and a virtual
	// machine may come from a template.
	maxBootTime = time.Minute
	// maxNumber is the largest integer up to which all integers are exact in the text,
	// where numbers are floating-point numbers.
	maxNumber = 1 << 53
)

// Host is the capacity of the host, which no guest can exceed.
type Host struct {
	// CPUs is the number of CPUs of the host.
	CPUs int
	// Memory is the size of the host's memory in bytes; 0 if it is unknown.
	Memory uint64
}

// Account verifies and accumulates the usage of one guest. It is used by one
// goroutine at a time. The calls for one response are [Account.Begin], [Account.Add]
// for each sample, and [Account.End] or [Account.Discard].
type Account struct {
	host    Host
	created time.Time

	// measured is when the last request with a verified CPU time was sent, zero if
	// there was none. cpuBase is the CPU time in its response and cpu what has been
	// accumulated, both in milliseconds.
	measured     time.Time
	cpuBase, cpu uint64

	interfaces []netInterface
	// last is the index of the interface that was found last.
	last int

	// What the current response contains.
	began time.Time
	seen  uint32
	plain [plainFigures]uint64

	workload usage.Workload
	known    bool
}

// NewAccount returns the account of a guest whose sandbox was created at a time,
// which should have a monotonic reading.
func NewAccount(host Host, created time.Time) *Account {
	if host.Memory == 0 {
		host.Memory = math.MaxInt64
	}
	return &Account{host: host, created: created}
}

// Begin starts a response. The time must not be later than the moment at which it
// was requested.
func (a *Account) Begin(now time.Time) {
	a.began, a.seen, a.known = now, 0, false
	for i := range a.interfaces {
		a.interfaces[i].seen = 0
	}
}

// Add adds a sample of the response. name is the name of the network interface if
// the figure belongs to one. Of repeated samples, the first one counts. A value that
// no counter can have is ignored.
func (a *Account) Add(figure Figure, name []byte, value float64) {
	if !(value >= 0 && value <= maxNumber) {
		return
	}
	number := uint64(value)
	switch {
	case figure == None || figure >= figures:
	case figure >= firstCounter:
		a.addTraffic(figure-firstCounter, name, number)
	case a.seen&(1<<figure) == 0:
		a.seen |= 1 << figure
		a.plain[figure-firstPlain] = number
	}
}

// Discard ends a response that failed. Nothing changes.
func (a *Account) Discard() { a.known = false }

// End ends a response that was read completely, at the given time, and returns the
// number of figures that were dropped because they are impossible.
func (a *Account) End(now time.Time) (implausible int) {
	w := &a.workload
	*w = usage.Workload{Interfaces: w.Interfaces[:0]}
	if a.has(cpuUser, cpuSoftInterrupt) {
		if w.HasCPU = a.commitCPU(now); !w.HasCPU {
			implausible++
		}
		w.CPU = time.Duration(a.cpu) * time.Millisecond //nolint:gosec // commitCPU limits it
	}
	if a.has(memoryTotal, memoryAvailable) {
		if w.HasMemory = a.commitMemory(w); !w.HasMemory {
			implausible++
		}
	}
	for i := range a.interfaces {
		if a.interfaces[i].seen != 0 {
			w.Interfaces = append(w.Interfaces, a.interfaces[i].commit())
		}
	}
	a.known = w.HasCPU || w.HasMemory || len(w.Interfaces) > 0
	return implausible
}

// Workload returns what the last response contained, nil if that was nothing. It is
// valid until the next call of [Account.Begin].
func (a *Account) Workload() *usage.Workload {
	if !a.known {
		return nil
	}
	return &a.workload
}

// has reports whether the response contains all figures from first to last.
func (a *Account) has(first, last Figure) bool {
	wanted := uint32(1)<<(last+1) - uint32(1)<<first
	return a.seen&wanted == wanted
}

// commitCPU accumulates the CPU time, and reports whether it is possible.
func (a *Account) commitCPU(now time.Time) bool {
	var busy uint64
	for figure := cpuUser; figure <= cpuSoftInterrupt; figure++ {
		busy += a.plain[figure-firstPlain]
	}
	growth, elapsed := busy, now.Sub(a.created)+maxBootTime
	if !a.measured.IsZero() {
		growth, elapsed = grown(a.cpuBase, busy), now.Sub(a.measured)
	}
	if growth > a.cpuLimit(elapsed) || growth > maxCPU-a.cpu {
		return false
	}
	a.measured, a.cpuBase = a.began, busy
	a.cpu += growth
	return true
}

// maxCPU is the largest CPU time in milliseconds that a [time.Duration] can be.
const maxCPU = uint64(math.MaxInt64 / time.Millisecond)

// cpuLimit returns the CPU time in milliseconds that can be used within a time.
func (a *Account) cpuLimit(elapsed time.Duration) uint64 {
	elapsed = min(max(elapsed, 0), math.MaxInt64-cpuTolerance) + cpuTolerance
	return uint64(elapsed.Milliseconds()) * uint64(max(a.host.CPUs, 1)) //nolint:gosec // neither is negative
}

func (a *Account) commitMemory(w *usage.Workload) bool {
	total, available := a.plain[memoryTotal-firstPlain], a.plain[memoryAvailable-firstPlain]
	if available > total || total-available > a.host.Memory {
		return false
	}
	w.Memory = total - available
	return true
}

// grown returns the increase of a figure, 0 if it has decreased.
func grown(base, figure uint64) uint64 {
	if figure < base {
		return 0
	}
	return figure - base
}
