//go:build linux

package e2e

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/docker"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// exitInterval is the interval of the tests of exits. The series of a sandbox must end
// within it.
const exitInterval = 4 * time.Second

// startExits starts a Collector that reports the sandboxes in runtime roots with metrics
// and log records.
func startExits(t *testing.T, roots string) *otlpsink.Sink {
	t.Helper()
	return startExample(t, "lifecycle.yaml", otlpRoots(roots)+fmt.Sprintf("    collection_interval: %v\n", exitInterval))
}

// exited returns the log record about the exit of a sandbox.
func exited(sink *otlpsink.Sink, id string) (plog.LogRecord, error) {
	for _, record := range recordsOf(sink, id) {
		if record.EventName() == "sandbox.exited" {
			return record, nil
		}
	}
	return plog.LogRecord{}, fmt.Errorf("no record of the exit of %s: %q", id, eventsOf(sink, id))
}

// awaitSample waits until the CPU time of a sandbox has been measured.
func awaitSample(t *testing.T, sink *otlpsink.Sink, id string) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		_, err := sink.Find("sandbox.cpu.time", map[string]string{"sandbox.id": id, "cpu.mode": "user"})
		return err
	})
}

// awaitExit waits until the exit of a sandbox is recorded, and checks the record and that
// the series of the sandbox end within an interval.
func awaitExit(t *testing.T, sink *otlpsink.Sink, id, reason string) {
	t.Helper()
	var record plog.LogRecord
	process.Eventually(t, collector.Timeout, func() (err error) {
		record, err = exited(sink, id)
		return err
	})
	attributes := record.Attributes().AsRaw()
	if got := attributes["sandbox.exit.reason"]; got != reason {
		t.Errorf("%s: the exit reason is %v, want %s: %v", id, got, reason, attributes)
	}
	if cpu, _ := attributes["sandbox.exit.cpu.time"].(float64); cpu <= 0 {
		t.Errorf("%s: the CPU time is %v, want more than 0", id, attributes["sandbox.exit.cpu.time"])
	}
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find("sandbox.cpu.time", map[string]string{"sandbox.id": id, "cpu.mode": "user"})
		if err != nil {
			return err
		}
		last := series.Last()
		if !last.End {
			return fmt.Errorf("%v has not ended", series)
		}
		if late := last.Time.Sub(record.Timestamp().AsTime()); late > exitInterval {
			t.Errorf("%v ended %v after the sandbox, want at most %v", series, late, exitInterval)
		}
		return nil
	})
}

// awaitExits waits until a number of exits with a reason have been counted.
func awaitExits(t *testing.T, sink *otlpsink.Sink, reason string, number float64) {
	t.Helper()
	awaitValue(t, sink, "sandbox.exits", map[string]string{
		"sandbox.runtime.name": "gvisor", "sandbox.exit.reason": reason,
	}, number, number)
}

// hogAfter is a script that needs more memory than its limit, after a moment in which
// the sandbox is found.
const (
	hogAfter  = `sleep 3; /bin/busybox dd if=/dev/zero bs=1G count=1 | sleep 3600`
	exitLimit = 256 << 20
)

func kill(t *testing.T, sandbox *runsc.Sandbox) {
	t.Helper()
	if err := syscall.Kill(sandbox.State().Sandbox.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// The reason for the end of a sandbox is reported, with its last figures.
func TestExitReasons(t *testing.T) {
	r := runsc.New(t)
	sink := startExits(t, r.Root)
	start := func(id, script string) *runsc.Sandbox {
		sandbox := r.Start(runsc.Container{ID: id, Script: script, MetricServer: metricServer, Cgroup: runsc.NewPath()})
		awaitSample(t, sink, id)
		return sandbox
	}
	kill(t, start("killed", runsc.Idle))
	awaitExit(t, sink, "killed", "killed")
	start("completed", "sleep 3; exit 3")
	awaitExit(t, sink, "completed", "completed")
	start("signaled", runsc.Idle).End()
	awaitExit(t, sink, "signaled", "killed")
	start("deleted", runsc.Idle).Delete()
	awaitExit(t, sink, "deleted", "removed")
	r.Start(runsc.Container{
		ID: "oom", Script: hogAfter, MetricServer: metricServer,
		Cgroup: runsc.NewPath(), Resources: runsc.MemoryLimit(exitLimit),
	})
	awaitExit(t, sink, "oom", "oom")
	for reason, number := range map[string]float64{"killed": 2, "completed": 1, "removed": 1, "oom": 1, "unknown": 0} {
		awaitExits(t, sink, reason, number)
	}
}

// Docker deletes the files of a sandbox as soon as it has ended.
func TestExitReasonsUnderDocker(t *testing.T) {
	daemon := docker.Start(t, "--network=none")
	sink := startExits(t, daemon.Roots)
	start := func(name string, command ...string) string {
		id := daemon.RunLimited(name, exitLimit, command...)
		awaitSample(t, sink, id)
		return id
	}
	killed := start("killed", "/bin/sleep", "3600")
	roots, err := filepath.Glob(daemon.Roots)
	if err != nil || len(roots) != 1 {
		t.Fatalf("runtime roots: %v %v", roots, err)
	}
	kill(t, runsc.Open(t, roots[0]).Sandbox(killed))
	awaitExit(t, sink, killed, "killed")
	awaitExit(t, sink, start("completed", "/bin/sh", "-c", "sleep 3; exit 3"), "completed")
	removed := start("removed", "/bin/sleep", "3600")
	daemon.Kill(removed)
	// Docker first kills the workload of a container that is removed by force.
	awaitExit(t, sink, removed, "killed")
	awaitExit(t, sink, daemon.RunLimited("oom", exitLimit, "/bin/sh", "-c", hogAfter), "oom")
	for reason, number := range map[string]float64{"killed": 2, "completed": 1, "removed": 0, "oom": 1, "unknown": 0} {
		awaitExits(t, sink, reason, number)
	}
}
