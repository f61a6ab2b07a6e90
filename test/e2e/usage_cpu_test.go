//go:build linux

package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// startUsage starts a Collector that reads everything about the sandboxes of a runtime
// root about every second, and returns the sink of its data.
func startUsage(t *testing.T, roots string) *otlpsink.Sink {
	t.Helper()
	sink := otlpsink.Start(t)
	collector.Start(t, fmt.Sprintf(`
receivers:
  sandbox:
    preset: all
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    usage: {interval: 1s}
    gvisor: {roots: [%q]}
    kata: {storage_paths: [/nonexistent]}
exporters:
  otlp_http: {endpoint: %q, compression: none}
service:
  pipelines:
    metrics: {receivers: [sandbox], exporters: [otlp_http]}
`, roots, sink.Endpoint))
	return sink
}

// cpuClock records the CPU time of a cgroup.
type cpuClock struct {
	mutex   sync.Mutex
	samples []cpuSample
}

// cpuSample is a reading that began and ended at these times.
type cpuSample struct {
	began, ended time.Time
	seconds      float64
}

// watchCPU reads the CPU time of a cgroup until the test ends.
func watchCPU(t *testing.T, cgroup string) *cpuClock {
	t.Helper()
	clock := &cpuClock{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			sample := cpuSample{began: time.Now()}
			nanoseconds, err := readCgroupCPU(cgroup)
			if err != nil {
				return // It has ended.
			}
			sample.seconds, sample.ended = nanoseconds*1e-9, time.Now()
			clock.mutex.Lock()
			clock.samples = append(clock.samples, sample)
			clock.mutex.Unlock()
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended })
	return clock
}

// between returns the CPU time before and after a period.
func (c *cpuClock) between(from, to time.Time) (before, after float64, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, sample := range c.samples {
		if sample.ended.Before(from) {
			before = sample.seconds
		} else if sample.began.After(to) {
			return before, sample.seconds, nil
		}
	}
	return 0, 0, fmt.Errorf("no reading after %v", to)
}

const (
	// cpuShare is by how much a CPU time may differ from that of the host.
	cpuShare = 0.05
	// cpuSteps is the inaccuracy of the kernel's counters in seconds: in /proc they
	// have steps of 10 ms, those for user and system each.
	cpuSteps = 0.05
	// readingTime limits how long before the time of its point a CPU time was read.
	readingTime = 250 * time.Millisecond
	// minCPU is the CPU time in seconds from which on a complete one is compared. The cgroup has
	// also that of the processes that start a sandbox, about 0.1 s, which its process
	// tree does not have.
	minCPU = 4
)

// checkCPU compares the CPU times that a sandbox had on the host with those of a
// cgroup, from a minimum on; unless they are complete, only that they are not too high.
// It returns an error until there are enough points.
func checkCPU(sink *otlpsink.Sink, sandbox string, clock *cpuClock, minimum float64, complete bool) error {
	sums := map[time.Time]float64{}
	for _, mode := range []string{"user", "system"} {
		series, err := sink.Find("sandbox.cpu.time", map[string]string{"sandbox.id": sandbox, "cpu.mode": mode})
		if err != nil {
			return err
		}
		for _, point := range series.Points {
			sums[point.Time] += point.Value
		}
	}
	compared := 0
	for at, got := range sums {
		if got < minimum {
			continue
		}
		before, after, err := clock.between(at.Add(-readingTime), at.Add(readingTime))
		if err != nil {
			continue
		}
		compared++
		if complete && got < before*(1-cpuShare)-cpuSteps || got > after*(1+cpuShare)+cpuSteps {
			return fmt.Errorf("%s: CPU time is %.2f s, want %.2f to %.2f s", sandbox, got, before, after)
		}
	}
	if compared < 3 {
		return fmt.Errorf("%s: %d points of sandbox.cpu.time with at least %v s: %v", sandbox, compared, minimum, sums)
	}
	return nil
}

// checkWorkloadCPU checks the CPU time in a sandbox with one thread. It is more than on
// the host if the thread has to wait for a CPU, which the sandbox does not notice, but
// not more than the time since its start.
func checkWorkloadCPU(sink *otlpsink.Sink, sandbox *runsc.Sandbox, host float64) error {
	series, err := sink.Find("sandbox.workload.cpu.time", map[string]string{"sandbox.id": sandbox.ID})
	if err != nil {
		return err
	}
	elapsed := series.Last().Time.Sub(sandbox.State().Sandbox.Started).Seconds()
	if got := series.Last().Value; got < host/3 || got > elapsed*1.05+1 {
		return fmt.Errorf("CPU time in the sandbox is %.2f s, want a third of %.2f s to %.2f s", got, host, elapsed)
	}
	return nil
}

const (
	oneBurner = "while :; do :; done"
	forkLoop  = "while :; do /bin/busybox true; done"
	// execLoop ends by itself.
	execLoop = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
)

// CPU times on the host equal those of the cgroup, also if the receiver does not know
// the cgroup and has to add up processes that come and go. No counter falls.
func TestUsageOfCPU(t *testing.T) {
	inTree := map[string]*runsc.Accounting{
		"burner": runsc.NewAccounting(t), "forks": runsc.NewAccounting(t), "execs": runsc.NewAccounting(t),
	}
	r := runsc.New(t)
	cgroups := map[string]string{"cgroup": runsc.NewPath()}
	r.Start(runsc.Container{ID: "cgroup", Script: oneBurner, Cgroup: cgroups["cgroup"]})
	scripts := map[string]string{"burner": oneBurner, "forks": forkLoop, "execs": runsc.Idle}
	for id, script := range scripts {
		cgroups[id] = inTree[id].Path
		r.Start(runsc.Container{ID: id, Script: script, Accounting: inTree[id]})
	}
	clocks := map[string]*cpuClock{}
	for id, cgroup := range cgroups {
		clocks[id] = watchCPU(t, cgroup)
	}
	sink := startUsage(t, r.Root)
	process.Eventually(t, collector.Timeout, func() error {
		r.Sandbox("execs").Exec(execLoop)
		time.Sleep(500 * time.Millisecond)
		if used := cgroupCPU(t, cgroups["execs"]); used < 3e9 {
			return fmt.Errorf("the processes of runsc exec have used %v ns", used)
		}
		return nil
	})
	for id, clock := range clocks {
		// What the platform systrap starts and ends between two readings is missing in
		// the process tree: no process takes over its CPU time.
		complete, minimum := id == "cgroup" || id == "burner", 1.0
		if complete {
			minimum = minCPU
		}
		t.Run(id, func(t *testing.T) {
			process.Eventually(t, collector.Timeout, func() error { return checkCPU(sink, id, clock, minimum, complete) })
		})
	}
	t.Run("workload", func(t *testing.T) {
		process.Eventually(t, collector.Timeout, func() error {
			return checkWorkloadCPU(sink, r.Sandbox("cgroup"), cgroupCPU(t, cgroups["cgroup"])*1e-9)
		})
	})
	if err := sink.CheckCounters(); err != nil {
		t.Error(err)
	}
}
