//go:build linux

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// recordsOf returns the log records about a sandbox, in the order of their time.
func recordsOf(sink *otlpsink.Sink, id string) (records []plog.LogRecord) {
	for _, logs := range sink.Logs() {
		for _, resource := range logs.ResourceLogs().All() {
			if value, found := resource.Resource().Attributes().Get("sandbox.id"); !found || value.Str() != id {
				continue
			}
			for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
				records = append(records, record)
			}
		}
	}
	slices.SortStableFunc(records, func(a, b plog.LogRecord) int { return a.Timestamp().AsTime().Compare(b.Timestamp().AsTime()) })
	return records
}

// eventsOf returns the events of a sandbox, such as "started paused".
func eventsOf(sink *otlpsink.Sink, id string) string {
	var names []string
	for _, record := range recordsOf(sink, id) {
		names = append(names, strings.TrimPrefix(record.EventName(), "sandbox."))
	}
	return strings.Join(names, " ")
}

func awaitEvents(t *testing.T, sink *otlpsink.Sink, id, want string) {
	t.Helper()
	process.Eventually(t, noticed, func() error {
		if got := eventsOf(sink, id); got != want {
			return fmt.Errorf("events of %s are %q, want %q", id, got, want)
		}
		return nil
	})
}

// What happens to a sandbox causes one log record each. Others are not affected.
func TestEventsOfRealSandboxes(t *testing.T) {
	r := runsc.New(t)
	r.Start(runsc.Container{ID: "bystander", Script: runsc.Idle, MetricServer: metricServer})
	sink := startExample(t, "lifecycle.yaml", otlpRoots(r.Root)+
		"    collection_interval: 2s\n    timeout: 1s\n    events: {sandbox.found: {enabled: true}}\n")
	awaitEvents(t, sink, "bystander", "found")
	observed := r.Start(runsc.Container{ID: "observed", Script: runsc.Idle, MetricServer: metricServer})
	awaitEvents(t, sink, "observed", "found started")
	observed.Pause()
	awaitEvents(t, sink, "observed", "found started paused")
	observed.Resume()
	awaitEvents(t, sink, "observed", "found started paused resumed")

	pid := observed.State().Sandbox.PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	awaitEvents(t, sink, "observed", "found started paused resumed unresponsive")
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	const before = "found started paused resumed unresponsive recovered"
	awaitEvents(t, sink, "observed", before)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitEvents(t, sink, "observed", before+" exited")
	observed.Delete()
	awaitEvents(t, sink, "observed", before+" exited gone")
	if got := eventsOf(sink, "bystander"); got != "found" {
		t.Errorf("events of the other sandbox are %q, want only %q", got, "found")
	}
	for _, record := range recordsOf(sink, "observed") {
		if record.EventName() != "sandbox.exited" {
			continue
		}
		if reason, found := record.Attributes().Get("sandbox.exit.reason"); !found || reason.Str() == "" {
			t.Error("the record of the exit has no reason")
		}
	}
	if _, err := stateOf(sink, "bystander"); err != nil {
		t.Error("the metrics pipeline of the same receiver: ", err)
	}
}
