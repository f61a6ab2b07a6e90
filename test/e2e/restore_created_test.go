//go:build linux

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// startOf returns the start time of the file opens of a sandbox in the last data.
func startOf(sink *otlpsink.Sink, id string) (time.Time, error) {
	_, metrics, err := latest(sink, id)
	if err != nil {
		return time.Time{}, err
	}
	opens, found := metrics["gvisor.fs.opens"]
	if !found {
		return time.Time{}, fmt.Errorf("no gvisor.fs.opens of %s", id)
	}
	return opens.Sum().DataPoints().At(0).StartTimestamp().AsTime(), nil
}

// A sandbox that is restored after it was created starts anew: its counters have a new
// start time and are accepted, even if they are lower than before.
func TestRestoreOfCreatedSandbox(t *testing.T) {
	r := runsc.New(t)
	container := runsc.Container{ID: "restored", Script: runsc.Idle, MetricServer: metricServer, Checkpoint: t.TempDir()}
	r.Start(runsc.Container{ID: "saved", Script: runsc.Idle, MetricServer: metricServer}).Checkpoint(container.Checkpoint)
	sink := startExits(t, r.Root)
	r.Create(container)
	var created time.Time
	process.Eventually(t, collector.Timeout, func() (err error) {
		created, err = startOf(sink, "restored")
		return err
	})
	before := time.Now()
	r.Restore(container)
	process.Eventually(t, collector.Timeout, func() error {
		start, err := startOf(sink, "restored")
		if err == nil && !start.After(created) {
			return fmt.Errorf("the start time is still %v", start)
		}
		if err == nil && start.Before(before.Add(-time.Second)) {
			t.Errorf("the start time is %v, but the restore began at %v", start, before)
		}
		return err
	})
	process.Eventually(t, collector.Timeout, func() error {
		for _, record := range recordsOf(sink, "restored") {
			if record.EventName() == "sandbox.restored" {
				return nil
			}
		}
		return fmt.Errorf("no record of the restore: %q", eventsOf(sink, "restored"))
	})
	awaitValue(t, sink, "sandbox.responsive", map[string]string{"sandbox.id": "restored"}, 1, 1)
}
