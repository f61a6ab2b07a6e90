package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"time"
)

// CPU time of runsc metric-server and a Collector's Prometheus receiver for a
// cycle of the reference load, and of reading it over persistent connections on
// the same machine. Their ratio allows a comparison with other machines.
const (
	upstreamCPU        = 2080 * time.Millisecond
	upstreamPersistent = 20 * time.Millisecond
)

// referenceLoad is the number of gVisor sandboxes to which the limits of CPU
// time, memory and the first cycle apply.
const referenceLoad = 1000

// Limits of the measured values. A twentieth of the CPU time of the upstream
// exporter is 5.2 times that of reading over persistent connections.
const (
	maxCPURatio        = 5
	maxPeakMemory      = 120 << 20
	maxHeapPerSandbox  = 10 << 10
	maxAllocsPerPoint  = 0.2
	maxFirstCycle      = 2 * time.Second
	maxKataCPUPerCycle = 50 * time.Millisecond
	maxStop            = 2 * time.Second
)

// maxKataLoad is the largest number of Kata pods to which maxKataCPUPerCycle
// applies.
const maxKataLoad = 50

// minPoints is the minimum number of points per cycle for which the allocations
// per point are checked. With fewer points, allocations that do not depend on
// the load would dominate.
const minPoints = 30_000

// check is one measured value and its limit.
type check struct {
	what  string
	got   float64
	limit float64
	unit  string
	// noisy values depend on the other load of the machine.
	noisy bool
}

func (c check) met() bool { return c.got <= c.limit }

// checks returns the values to check.
func checks(rows []*row) []check {
	var all []check
	heap := heapPerSandbox(rows)
	for _, r := range rows {
		got := &r.receiver
		add := func(what string, value, limit float64, unit string, noisy bool) {
			all = append(all, check{r.name() + ": " + what, value, limit, unit, noisy})
		}
		add("sandboxes that never delivered", float64(got.Missing), 0, "", false)
		add("goroutines left after the stop", float64(got.Goroutines), 0, "", false)
		add("descriptors left after the stop", float64(got.Descriptors), 0, "", false)
		add("time to stop", got.Stop.Seconds(), maxStop.Seconds(), "s", true)
		if got.Points >= minPoints {
			add("allocations per point beyond those of pdata", got.Allocations-got.PDataAllocations, maxAllocsPerPoint, "", false)
		}
		if per, known := heap[r]; known {
			add("heap per sandbox", per, maxHeapPerSandbox, "bytes", false)
		}
		if r.sandboxes() <= referenceLoad {
			add("peak memory", float64(got.PeakMemory)/(1<<20), maxPeakMemory/(1<<20), "MiB", false)
		}
		if r.gvisor == referenceLoad {
			add("CPU per cycle, as a multiple of persistent connections", ratio(got.CPU, r.persistent.CPU), maxCPURatio, "×", true)
			add("CPU per cycle, as a multiple of the baseline", ratio(got.CPU, r.baseline.CPU), maxCPURatio, "×", true)
			add("time until all have delivered", got.First.Seconds(), maxFirstCycle.Seconds(), "s", true)
		}
		if r.kata > 0 && r.kata <= maxKataLoad {
			add("CPU per cycle", ms(got.CPU), ms(maxKataCPUPerCycle), "ms", true)
		}
	}
	return all
}

// printChecks prints all checks and returns an error if a limit is exceeded.
// Limits of noisy values count only if strict.
func printChecks(w io.Writer, all []check, strict bool) error {
	var failed []error
	for _, c := range all {
		word := "met"
		if !c.met() {
			word = "NOT MET"
			if strict || !c.noisy {
				failed = append(failed, fmt.Errorf("%s: %.2f %s exceeds the limit of %.2f", c.what, c.got, c.unit, c.limit))
			}
		}
		_, _ = fmt.Fprintf(w, "%-7s  %-70s %10.2f ≤ %.2f %s\n", word, c.what, c.got, c.limit, c.unit)
	}
	return errors.Join(failed...)
}

// heapPerSandbox returns the heap growth per additional gVisor sandbox compared
// with the smallest load, which excludes memory that all sandboxes share.
func heapPerSandbox(rows []*row) map[*row]float64 {
	var smallest *row
	for _, r := range rows {
		if r.kata == 0 && r.receiver.Heap > 0 && (smallest == nil || r.gvisor < smallest.gvisor) {
			smallest = r
		}
	}
	per := make(map[*row]float64)
	for _, r := range rows {
		if r.kata > 0 || r.receiver.Heap == 0 || r.gvisor < 10*cmp.Or(smallest, r).gvisor {
			continue
		}
		per[r] = (float64(r.receiver.Heap) - float64(smallest.receiver.Heap)) / float64(r.gvisor-smallest.gvisor)
	}
	return per
}
