//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// nothingOf returns an error for series of a sandbox.
func nothingOf(id string) func(page.Page) error {
	return func(got page.Page) error {
		if left := got.Select(of(id)); len(left) > 0 {
			return fmt.Errorf("%d series are left: %v", len(left), left)
		}
		return nil
	}
}

// Whatever ends a sandbox, its series end with it, and those of others do not.
func TestSandboxesEnd(t *testing.T) {
	runtime := runsc.New(t)
	start := func(id string) *runsc.Sandbox {
		return runtime.Start(runsc.Container{ID: id, Script: runsc.Idle, MetricServer: metricServer})
	}
	bystander := start("bystander")
	served := startCompatible(t, rootIs(runtime))
	appeared := func(sandbox *runsc.Sandbox) func(page.Page) error {
		exported := sandbox.ExportSettled()
		return func(got page.Page) error { return page.Equal(exported, got.Select(measured(sandbox.ID))) }
	}
	served.Eventually(appeared(bystander))

	t.Run("its workload ends", func(t *testing.T) {
		sandbox := start("ended")
		served.Eventually(appeared(sandbox))
		sandbox.End()
		served.Eventually(nothingOf("ended"))
	})
	t.Run("it is killed and its files stay", func(t *testing.T) {
		sandbox := start("killed")
		served.Eventually(appeared(sandbox))
		if err := syscall.Kill(sandbox.State().Sandbox.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		served.Eventually(nothingOf("killed"))
		if status := sandbox.State().Status; status != "running" {
			t.Errorf("the state file says %s, so this is another test than it should be", status)
		}
	})
	t.Run("it is deleted", func(t *testing.T) {
		sandbox := start("deleted")
		served.Eventually(appeared(sandbox))
		sandbox.Delete()
		served.Eventually(nothingOf("deleted"))
	})
	t.Run("another is created under its id", func(t *testing.T) {
		first := start("again")
		before := identityOf(first)
		served.Eventually(appeared(first))
		first.Delete()
		second := start("again")
		after := identityOf(second)
		if before["iteration"] == after["iteration"] {
			t.Fatalf("both are %v", after)
		}
		exported := second.ExportSettled()
		served.Eventually(func(got page.Page) error {
			for key, series := range got.Select(of("again")) {
				if series.Labels["iteration"] != after["iteration"] {
					return fmt.Errorf("%s is left of the first", key)
				}
			}
			return page.Equal(exported, got.Select(measured("again")))
		})
	})
	served.Eventually(func(got page.Page) error {
		if len(got.Select(measured("bystander"))) == 0 {
			return errors.New("the series of another sandbox ended too")
		}
		return nil
	})
}

// A sandbox that was killed is reported as stopped for as long as its files stay.
func TestStoppedSandboxIsReported(t *testing.T) {
	runtime := runsc.New(t)
	sandbox := runtime.Start(runsc.Container{ID: "killed", Script: runsc.Idle, MetricServer: metricServer})
	sink := startOTLP(t, rootsAre(runtime.Root))
	stateIs := func(want string) func() error {
		return func() error {
			_, metrics, err := latest(sink, "killed")
			if err != nil {
				return err
			}
			state, there := metrics["sandbox.state"]
			if !there {
				return errors.New("sandbox.state is missing")
			}
			points := state.Sum().DataPoints()
			if n := points.Len(); n != 1 {
				return fmt.Errorf("%d points of sandbox.state, want 1", n)
			}
			if got, _ := points.At(0).Attributes().Get("sandbox.state"); got.Str() != want || points.At(0).IntValue() != 1 {
				return fmt.Errorf("sandbox.state is %v of %s, want 1 of %s", points.At(0).IntValue(), got.Str(), want)
			}
			return nil
		}
	}
	process.Eventually(t, collector.Timeout, stateIs("running"))
	if err := syscall.Kill(sandbox.State().Sandbox.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	process.Eventually(t, collector.Timeout, stateIs("stopped"))
}
