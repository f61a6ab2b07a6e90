//go:build linux

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// The load of TestNoSeriesOutlivesItsSandbox.
const (
	churnSandboxes = 300
	churnPerSecond = 150
	churnTotal     = 3000
	// maxChurnMemory limits the peak memory of the whole Collector.
	maxChurnMemory = 120 << 20
)

// While 3,000 sandboxes come and go, the page has only those that exist, and when all have
// gone it has none. Series do not expire during the test.
func TestNoSeriesOutlivesItsSandbox(t *testing.T) {
	simulated := simulate(t, fmt.Sprintf("--gvisor=%d", churnSandboxes), fmt.Sprintf("--churn=%d", churnPerSecond))
	c, served := collectWithoutExpiry(t, simulated)
	seen := map[string]bool{}
	largest := 0
	// A busy machine replaces fewer sandboxes per second.
	process.Eventually(t, 3*collector.Timeout, func() error {
		got, err := served.Get()
		if err != nil {
			return err
		}
		current := map[string]bool{}
		for _, series := range got {
			if id := series.Labels["sandbox_id"]; id != "" {
				current[id+" "+series.Labels["sandbox_iteration"]] = true
			}
		}
		for instance := range current {
			seen[instance] = true
		}
		largest = max(largest, len(current))
		if len(seen) < churnTotal {
			time.Sleep(200 * time.Millisecond)
			return fmt.Errorf("%d sandboxes were on the page so far, want %d", len(seen), churnTotal)
		}
		return nil
	})
	peak := peakMemory(t, c)
	t.Logf("%d sandboxes, at most %d at a time; peak RSS %.0f MB", len(seen), largest, megabytes(peak))
	// The receiver notices the end of a sandbox within a second, of a few thousand that
	// would be on the page otherwise.
	if limit := 3 * churnSandboxes; largest > limit {
		t.Errorf("%d sandboxes are on the page at a time, want at most %d", largest, limit)
	}
	if peak > maxChurnMemory {
		t.Errorf("peak RSS of %d bytes exceeds the limit of %d", peak, maxChurnMemory)
	}
	stopAll(t, simulated.Process)
	process.Eventually(t, collector.Timeout, func() error {
		got, err := served.Get()
		if err != nil {
			return err
		}
		left := got.Select(func(s page.Series) bool { return s.Labels["sandbox_id"] != "" })
		if len(left) > 0 {
			return fmt.Errorf("%d series outlive their sandboxes", len(left))
		}
		return nil
	})
}

// collectWithoutExpiry starts a Collector with a page on which a series ends only when the
// receiver marks it as ended.
func collectWithoutExpiry(t *testing.T, simulated *simulation) (*collector.Collector, *collector.Page) {
	t.Helper()
	served := collector.NewPage(t)
	c := collector.Start(t, fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    usage: {enabled: false}
    gvisor: {roots: [%q], zero_fill: none}
    kata: {enabled: false}
exporters:
  prometheus_scrape:
    endpoint: %q
    metric_expiration: 1h
    without_scope_info: true
    resource_to_telemetry_conversion: {enabled: true}
service:
  pipelines:
    metrics: {receivers: [sandbox], exporters: [prometheus_scrape]}
`, simulated.root, served.Address))
	return c, served
}
