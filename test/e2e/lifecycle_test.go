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

// noSeriesOf returns a check that fails if the page has series of a sandbox.
func noSeriesOf(id string) func(page.Page) error {
	return func(got page.Page) error {
		if left := got.Select(ofSandbox(id)); len(left) > 0 {
			return fmt.Errorf("%d series are still there: %v", len(left), left)
		}
		return nil
	}
}

// lifecycle is a runtime root and the pages with the series of its sandboxes.
type lifecycle struct {
	runtime *runsc.Runtime
	served  pages
}

func (l *lifecycle) start(id string) *runsc.Sandbox {
	return l.runtime.Start(runsc.Container{ID: id, Script: runsc.Idle, MetricServer: metricServer})
}

// awaitSeries waits until the pages have the series that a sandbox exports.
func (l *lifecycle) awaitSeries(sandbox *runsc.Sandbox) {
	exported := sandbox.ExportSettled()
	l.served.Eventually(func(got page.Page) error { return page.Equal(exported, got.Select(exportedBy(sandbox.ID))) })
}

// The series of a sandbox end with it, for whatever reason it ends, and those of
// others do not.
func TestSeriesEndWithSandbox(t *testing.T) {
	runtime := runsc.New(t)
	l := &lifecycle{runtime: runtime}
	bystander := l.start("bystander")
	l.served = startBoth(t, compatibleRoot(runtime))
	l.awaitSeries(bystander)

	t.Run("workload ends", func(*testing.T) {
		sandbox := l.start("ended")
		l.awaitSeries(sandbox)
		sandbox.End()
		l.served.Eventually(noSeriesOf("ended"))
	})
	t.Run("killed", func(t *testing.T) {
		sandbox := l.start("killed")
		l.awaitSeries(sandbox)
		if err := syscall.Kill(sandbox.State().Sandbox.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		l.served.Eventually(noSeriesOf("killed"))
		if status := sandbox.State().Status; status != "running" {
			t.Errorf("status in the state file is %s, want running: the test requires an outdated state file", status)
		}
	})
	t.Run("deleted", func(*testing.T) {
		sandbox := l.start("deleted")
		l.awaitSeries(sandbox)
		sandbox.Delete()
		l.served.Eventually(noSeriesOf("deleted"))
	})
	t.Run("replaced under the same ID", l.testReplaced)
	l.served.Eventually(func(got page.Page) error {
		if len(got.Select(exportedBy("bystander"))) == 0 {
			return errors.New("the series of another sandbox ended too")
		}
		return nil
	})
}

func (l *lifecycle) testReplaced(t *testing.T) {
	first := l.start("again")
	before := identityOf(first)
	l.awaitSeries(first)
	first.Delete()
	second := l.start("again")
	after := identityOf(second)
	if before["iteration"] == after["iteration"] {
		t.Fatalf("both sandboxes have the identity %v", after)
	}
	exported := second.ExportSettled()
	l.served.Eventually(func(got page.Page) error {
		for key, series := range got.Select(ofSandbox("again")) {
			if series.Labels["iteration"] != after["iteration"] {
				return fmt.Errorf("%s of the first sandbox is still there", key)
			}
		}
		return page.Equal(exported, got.Select(exportedBy("again")))
	})
}

// A killed sandbox is reported as stopped while its files exist.
func TestStoppedSandboxIsReported(t *testing.T) {
	runtime := runsc.New(t)
	sandbox := runtime.Start(runsc.Container{ID: "killed", Script: runsc.Idle, MetricServer: metricServer})
	sink := startOTLP(t, otlpRoots(runtime.Root))
	stateIs := func(want string) func() error {
		return func() error {
			_, metrics, err := latest(sink, "killed")
			if err != nil {
				return err
			}
			state, found := metrics["sandbox.state"]
			if !found {
				return errors.New("sandbox.state is missing")
			}
			points := state.Sum().DataPoints()
			if n := points.Len(); n != 1 {
				return fmt.Errorf("%d points of sandbox.state, want 1", n)
			}
			if value := points.At(0).IntValue(); value != 1 {
				return fmt.Errorf("value of sandbox.state is %d, want 1", value)
			}
			return checkAttribute(points.At(0).Attributes(), "sandbox.state", want)
		}
	}
	process.Eventually(t, collector.Timeout, stateIs("running"))
	if err := syscall.Kill(sandbox.State().Sandbox.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	process.Eventually(t, collector.Timeout, stateIs("stopped"))
}
