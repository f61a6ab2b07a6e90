//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// The Collector can run in a gVisor sandbox that may connect to sockets of the
// host. It reads other sandboxes although it cannot see their processes.
func TestCollectorInsideSandbox(t *testing.T) {
	runtime := runsc.New(t)
	sandbox := runtime.Start(runsc.Container{ID: "web", Script: runsc.Idle, MetricServer: metricServer})
	sandbox.Pause()
	defer sandbox.Resume()
	exported := sandbox.ExportSettled()

	served := collector.NewPage(t)
	directory := process.ShortTempDir(t)
	config := filepath.Join(directory, "collector.yaml")
	text := fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    naming: prometheus
    gvisor: {roots: [%q], verify_peer: false}
    kata: {enabled: false}
exporters:
  prometheus_scrape: {endpoint: %q, translation_strategy: UnderscoreEscapingWithoutSuffixes, without_scope_info: true}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [sandbox], exporters: [prometheus_scrape]}
`, runtime.Root, served.Address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := process.Built(t, "otelcol-sandbox")
	outer := runsc.New(t)
	outer.Start(runsc.Container{
		ID:      "collector",
		Script:  fmt.Sprintf("exec '%s' --config %s", program, config),
		Mounts:  []string{runtime.Root, directory, filepath.Dir(program)},
		Network: runsc.HostNetwork,
		Flags:   []string{"--host-uds=all"},
	})
	served.Eventually(func(got page.Page) error {
		return page.Equal(exported, got.Select(exportedBy("web")))
	})
}
