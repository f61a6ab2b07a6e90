//go:build linux

package e2e

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// opensOf returns the last point with the number of opened files of a sandbox.
func opensOf(sink *otlpsink.Sink, id, iteration string) (pmetric.NumberDataPoint, error) {
	attributes, metrics, err := latest(sink, id)
	if err != nil {
		return pmetric.NumberDataPoint{}, err
	}
	if err := checkAttribute(attributes, "sandbox.iteration", iteration); err != nil {
		return pmetric.NumberDataPoint{}, err
	}
	opens, found := metrics["gvisor.fs.opens"]
	if !found || opens.Sum().DataPoints().Len() != 1 {
		return pmetric.NumberDataPoint{}, fmt.Errorf("gvisor.fs.opens of %s is missing", id)
	}
	return opens.Sum().DataPoints().At(0), nil
}

// A restored sandbox has another start time and iteration. Its counters, which begin
// anew, are accepted, and the series of the one before end.
func TestRestoredSandbox(t *testing.T) {
	r := runsc.New(t)
	container := runsc.Container{ID: "saved", Script: counting, MetricServer: metricServer}
	sandbox := r.Start(container)
	sink := startOTLP(t, otlpRoots(r.Root))
	awaitOpens := func(least float64) (value float64, start time.Time) {
		t.Helper()
		iteration := identityOf(sandbox)["iteration"]
		process.Eventually(t, collector.Timeout, func() error {
			point, err := opensOf(sink, "saved", iteration)
			if err != nil {
				return err
			}
			value, start = float64(point.IntValue()), point.StartTimestamp().AsTime()
			if value < least {
				return fmt.Errorf("%v files were opened, want %v", value, least)
			}
			return nil
		})
		// The receiver may have found the sandbox before it was restored.
		if created := sandbox.State().Sandbox.Started; start.Before(created) {
			t.Errorf("start time is %v, want %v or that of the restore", start, created)
		}
		return value, start
	}
	before, firstStart := awaitOpens(100)
	first := identityOf(sandbox)["iteration"]
	container.Checkpoint = t.TempDir()
	sandbox.Checkpoint(container.Checkpoint)
	sandbox = r.Start(container)
	after, secondStart := awaitOpens(1)
	if !secondStart.After(firstStart) {
		t.Errorf("the start time %v is not after that of the first sandbox, %v", secondStart, firstStart)
	}
	if after >= before {
		t.Errorf("%v files were opened, and %v before the checkpoint: the counter must begin anew", after, before)
	}
	awaitOpens(before + 1)
	awaitState(t, sink, "saved", "running", collector.Timeout)
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find("gvisor.fs.opens", map[string]string{"sandbox.id": "saved", "sandbox.iteration": first})
		if err == nil && !series.Last().End {
			err = fmt.Errorf("%v has not ended", series)
		}
		return err
	})
	for _, series := range sink.Series() {
		if series.Matches("sandbox.pull.failures", map[string]string{"error.type": "rejected"}) && series.Last().Value > 0 {
			t.Errorf("%v: a response was rejected", series)
		}
	}
}
