package event

import (
	"math"
	"strconv"
	"time"
)

const (
	// maxProcesses is the largest process ID of Linux (PID_MAX_LIMIT).
	maxProcesses = 4 << 20
	// cpuTolerance is added to the time between two responses: gVisor counts CPU
	// time in steps of 10 ms, and each of the two can be in the middle of a step.
	cpuTolerance = 20 * time.Millisecond
)

// check verifies a decoded response against the host and the account.
func (a *Account) check(d *decoder, now time.Time) error {
	switch {
	case d.processes > maxProcesses:
		return &Violation{Rule: RuleProcesses, Detail: strconv.FormatUint(d.processes, 10) + " processes"}
	case d.memory > a.host.Memory || a.pull.memory+d.memory > a.host.Memory:
		return &Violation{
			Rule:   RuleMemory,
			Detail: strconv.FormatUint(d.memory, 10) + " bytes of " + strconv.FormatUint(a.host.Memory, 10),
		}
	case a.pull.shared:
		return nil
	}
	if err := a.checkCPU(d, now); err != nil {
		return err
	}
	return a.checkNetwork(d)
}

// checkCPU compares the increase of all CPU times with the elapsed time.
func (a *Account) checkCPU(d *decoder, now time.Time) error {
	growth, first := uint64(0), a.first
	for i, figure := range d.cpu {
		switch c := &a.containers[i]; {
		case !figure.present:
		case c.known:
			growth = addCapped(growth, grown(c.base, figure.nanoseconds))
		case !c.seen && !a.restored:
			first = addCapped(first, figure.nanoseconds)
		}
	}
	if limit := a.cpuLimit(now.Sub(a.measured)); growth > limit {
		return cpuViolation(growth, limit, "since the last response")
	}
	if limit := a.cpuLimit(now.Sub(a.start)); first > a.first && first > limit {
		return cpuViolation(first, limit, "since the start")
	}
	return nil
}

func cpuViolation(nanoseconds, limit uint64, since string) error {
	return &Violation{Rule: RuleCPU, Detail: "CPU time has increased by " + time.Duration(nanoseconds).String() +
		" instead of at most " + time.Duration(limit).String() + " " + since}
}

// cpuLimit returns the CPU time that can be used within a time.
func (a *Account) cpuLimit(elapsed time.Duration) uint64 {
	elapsed = min(max(elapsed, 0), math.MaxInt64-cpuTolerance) + cpuTolerance
	cpus := uint64(max(a.host.CPUs, 1))
	if uint64(elapsed) > math.MaxInt64/cpus {
		return math.MaxInt64
	}
	return uint64(elapsed) * cpus
}

// checkNetwork checks that no accumulated counter becomes 2⁶³ or more.
func (a *Account) checkNetwork(d *decoder) error {
	for i := range d.interfaces {
		figure := &d.interfaces[i]
		at := a.findInterface(figure.text())
		if at < 0 {
			continue
		}
		known := &a.interfaces[at]
		for j, count := range figure.counters {
			if known.total[j]+grown(known.base[j], count) > math.MaxInt64 {
				return &Violation{Rule: RuleNetwork, Detail: `a counter of "` + known.name + `" has increased by 2⁶³ or more`}
			}
		}
	}
	return nil
}

// grown returns the increase of a figure, 0 if it has decreased.
func grown(base, figure uint64) uint64 {
	if figure < base {
		return 0
	}
	return figure - base
}

// addCapped adds two numbers. The sum is capped at what a [time.Duration] can be.
func addCapped(a, b uint64) uint64 {
	if b > math.MaxInt64 || a+b > math.MaxInt64 {
		return math.MaxInt64
	}
	return a + b
}
