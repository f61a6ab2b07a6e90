//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// With trust: registered, sandboxes without a registration on the host are
// skipped, and the internal telemetry reports them.
func TestTrustRegistered(t *testing.T) {
	runtime := runsc.New(t)
	runtime.Start(runsc.Container{ID: "registered", Script: runsc.Idle, MetricServer: metricServer})
	runtime.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})
	telemetry := collector.NewPage(t)
	host, port, err := net.SplitHostPort(telemetry.Address)
	if err != nil {
		t.Fatal(err)
	}
	served := startCompatible(t, fmt.Sprintf(`
receivers:
  sandbox/gvisor:
    gvisor: {roots: [%q], trust: registered}
service:
  telemetry:
    metrics:
      level: normal
      readers: [{pull: {exporter: {prometheus: {host: %q, port: %s}}}}]
`, runtime.Root, host, port))
	served.Eventually(func(got page.Page) error {
		if len(got.Select(exportedBy("registered"))) == 0 {
			return errors.New("the registered sandbox is missing")
		}
		return nil
	})
	telemetry.Eventually(func(got page.Page) error {
		return errors.Join(
			hasValue(got, "otelcol_receiver_sandbox_skipped_paths", 1, map[string]string{
				"receiver": "sandbox/gvisor", "runtime": "gvisor", "reason": "unregistered",
			}),
			hasValue(got, "otelcol_receiver_sandbox_sandboxes", 1, map[string]string{
				"receiver": "sandbox/gvisor", "runtime": "gvisor", "sandbox_state": "running",
			}),
		)
	})
	got, err := served.Get()
	if err != nil {
		t.Fatal(err)
	}
	if err := noSeriesOf("unregistered")(got); err != nil {
		t.Error(err)
	}
}

// hasValue returns an error unless the page has a series with the given labels and
// value. The series may have other labels too.
func hasValue(p page.Page, name string, value float64, labels map[string]string) error {
	for key, series := range p {
		matches := series.Name == name
		for label, text := range labels {
			matches = matches && series.Labels[label] == text
		}
		if matches && series.Value == value {
			return nil
		} else if matches {
			return fmt.Errorf("%s is %v, want %v", key, series.Value, value)
		}
	}
	return fmt.Errorf("%s with %v is missing", name, labels)
}
