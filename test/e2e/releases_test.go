//go:build linux

package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// rejectedUsage is after the releases that overstate the CPU time of a sandbox, so that
// the receiver rejects what they report about its usage.
const rejectedUsage = "v0.0.0-2026"

// What the receiver reads of a sandbox works with several releases of gVisor: its
// registration or that of the sandbox, its metrics, its usage and its states.
// docs/compatibility.md lists them. The workload reads no files: in old
// releases that are built with a current version of Go, that makes the sandbox panic.
func TestReleases(t *testing.T) {
	for _, version := range runsc.Releases(t) {
		t.Run(version, func(t *testing.T) {
			r := runsc.NewRelease(t, version)
			registered := r.Start(runsc.Container{ID: "registered", Script: runsc.Idle, MetricServer: metricServer})
			r.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})
			served := startCompatible(t, compatibleRoot(r))
			sink := startOTLP(t, otlpRoots(r.Root)+"    usage: {interval: 1s}\n")

			for id, trust := range map[string]string{"registered": "registered", "unregistered": "first_use"} {
				attributes := map[string]string{"sandbox.id": id, "sandbox.trust": trust}
				awaitValue(t, sink, "gvisor.fs.opens", attributes, 1, 1e6)
				awaitValue(t, sink, "sandbox.memory.usage", attributes, 1<<10, 1<<30)
				if version > rejectedUsage {
					awaitValue(t, sink, "sandbox.workload.memory.usage", attributes, 1<<10, 1<<30)
				}
			}
			registered.Pause()
			awaitState(t, sink, "registered", "paused", collector.Timeout)
			exported := registered.ExportSettled()
			served.Eventually(func(got page.Page) error { return page.Equal(exported, got.Select(exportedBy("registered"))) })
			registered.Resume()

			pid := registered.State().Sandbox.PID
			for _, step := range []struct {
				signal syscall.Signal
				state  string
			}{{0, "running"}, {syscall.SIGSTOP, "unresponsive"}, {syscall.SIGCONT, "running"}, {syscall.SIGKILL, "stopped"}} {
				if err := syscall.Kill(pid, step.signal); err != nil {
					t.Fatal(err)
				}
				awaitState(t, sink, "registered", step.state, 30*time.Second)
			}
			if err := sink.CheckCounters(); err != nil {
				t.Error(err)
			}
		})
	}
}
