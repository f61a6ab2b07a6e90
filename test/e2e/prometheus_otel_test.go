//go:build linux

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// formats are pages with names in OpenTelemetry style, one in each format.
type formats struct{ text, openMetrics string }

// startFormats runs the example with names in OpenTelemetry style. Series expire long
// after the test, so that a series only ends when the receiver marks it as ended.
func startFormats(t *testing.T, runtime *runsc.Runtime) formats {
	t.Helper()
	f := formats{text: process.FreeAddress(t), openMetrics: process.FreeAddress(t)}
	collector.Start(t, filepath.Join(examples, "prometheus.yaml"), fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    gvisor: {roots: [%q]}
    kata: {storage_paths: [/nonexistent]}
exporters:
  prometheus_scrape: {endpoint: %q, metric_expiration: 1h}
  prometheus_scrape/openmetrics:
    endpoint: %q
    without_scope_info: true
    resource_to_telemetry_conversion: {enabled: true}
    metric_expiration: 1h
    enable_open_metrics: true
    enable_created_lines: true
service:
  pipelines:
    metrics: {exporters: [prometheus_scrape, prometheus_scrape/openmetrics]}
`, runtime.Root, f.text, f.openMetrics))
	return f
}

// Prometheus scrapes the same values with names in OpenTelemetry style, in both formats.
// Labels distinguish the sandboxes. When a sandbox is deleted, its series become stale at once
// and not after the lookback of Prometheus, which is longer than the test waits; those of
// the other sandbox do not.
func TestPrometheusScrapesOTelPage(t *testing.T) {
	runtime := runsc.New(t)
	page := startFormats(t, runtime)
	server := startPrometheus(t, page.text, page.openMetrics)
	instances := []string{page.text, page.openMetrics}
	var sandboxes []*runsc.Sandbox
	for _, id := range []string{"one", "two"} {
		sandbox := runtime.Start(runsc.Container{
			ID: id, Script: runsc.Idle, MetricServer: metricServer,
			Annotations: runsc.PodSandbox(id, "shop", "pod-"+id, "0b4e1f6e"),
		})
		sandboxes = append(sandboxes, sandbox)
		exported := sandbox.ExportSettled()
		var opens float64
		for _, series := range exported {
			if series.Name == "runsc_fs_opens" {
				opens = series.Value
			}
		}
		for _, instance := range instances {
			selector := fmt.Sprintf(`{sandbox_id=%q,k8s_pod_name=%q,instance=%q}`, id, "pod-"+id, instance)
			eventuallyQuery(t, server, "gvisor_fs_opens_total"+selector, opens)
			eventuallyQuery(t, server, "sandbox_responsive"+selector, 1)
		}
	}
	// Only OpenMetrics has _created lines.
	const created = `count by (instance) (gvisor_fs_opens_created{instance=%q})`
	eventuallyQuery(t, server, fmt.Sprintf(created, page.openMetrics), 2)
	eventuallyQuery(t, server, fmt.Sprintf("absent("+created+")", page.text), 1)

	sandboxes[0].Delete()
	for _, instance := range instances {
		selector := fmt.Sprintf(`{sandbox_id=%%q,instance=%q}`, instance)
		eventuallyQuery(t, server, fmt.Sprintf("absent("+selector+")", "one"), 1)
		eventuallyQuery(t, server, fmt.Sprintf("sandbox_responsive"+selector, "two"), 1)
	}
}
