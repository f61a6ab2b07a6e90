//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// gateway is a chain of Collectors, each of which can be restarted: agents send to a
// gateway, and that writes to Prometheus.
type gateway struct {
	// endpoint is that of the gateway, backend that of Prometheus.
	endpoint, backend string
	// data is the directory of Prometheus.
	data string
}

// startAgent starts a Collector with the receiver. It retries at short intervals, so
// that the test does not wait for it, and with a single consumer, because Prometheus
// rejects points that arrive in another order.
func (g *gateway) startAgent(t *testing.T, root string) *process.Process {
	t.Helper()
	return collector.StartFull(t, nil, filepath.Join(examples, "otlp.yaml"), fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    usage: {interval: 1s}
    gvisor: {roots: [%q]}
    kata: {enabled: false}
exporters:
  otlp_grpc:
    endpoint: %q
    retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}
    sending_queue: {num_consumers: 1}
`, root, g.endpoint)).Process
}

func (g *gateway) startGateway(t *testing.T) *process.Process {
	t.Helper()
	return collector.Start(t, fmt.Sprintf(`
receivers:
  otlp:
    protocols:
      grpc: {endpoint: %q}
exporters:
  prometheusremotewrite:
    endpoint: http://%s/api/v1/write
    resource_to_telemetry_conversion: {enabled: true}
    target_info: {enabled: false}
    remote_write_queue: {num_consumers: 1}
    retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}
service:
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheusremotewrite]}
`, g.endpoint, g.backend)).Process
}

func (g *gateway) startBackend(t *testing.T) *process.Process {
	t.Helper()
	config := filepath.Join(g.data, "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := process.Start(t, []string{
		process.Installed(t, "prometheus"),
		"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(g.data, "data"),
		"--web.listen-address=" + g.backend,
		"--web.enable-remote-write-receiver",
	})
	process.Eventually(t, collector.Timeout, func() error {
		if err := p.Running(); err != nil {
			t.Fatal(err)
		}
		_, err := queryVector("http://"+g.backend, "vector(1)")
		return err
	})
	return p
}

// counting is a script that opens a file several times a second.
const counting = "while :; do cat /bin/busybox >/dev/null; sleep 0.2; done"

// Agents send to a gateway, and that writes to Prometheus. Each of them is restarted.
// No series ends, none exists twice, and no counter falls.
func TestGatewayWithRestarts(t *testing.T) {
	g := &gateway{endpoint: process.FreeAddress(t), backend: process.FreeAddress(t), data: t.TempDir()}
	backend, middle := g.startBackend(t), g.startGateway(t)
	ids := []string{"first", "second"}
	var roots []string
	for _, id := range ids {
		r := runsc.New(t)
		r.Start(runsc.Container{ID: id, Script: counting, MetricServer: metricServer})
		roots = append(roots, r.Root)
	}
	agent := g.startAgent(t, roots[0])
	g.startAgent(t, roots[1])
	written := &history{server: "http://" + g.backend, selector: `{sandbox_id=~"first|second"}`}
	written.awaitAll(t, ids)
	for _, restarted := range []struct {
		name    string
		process *process.Process
		start   func()
	}{
		{"agent", agent, func() { g.startAgent(t, roots[0]) }},
		{"gateway", middle, func() { g.startGateway(t) }},
		{"backend", backend, func() { g.startBackend(t) }},
	} {
		t.Run(restarted.name, func(t *testing.T) {
			before := written.settled(t)
			if err := restarted.process.Stop(); err != nil {
				t.Fatal(err)
			}
			restarted.start()
			began := time.Now()
			process.Eventually(t, collector.Timeout, func() error {
				now, err := written.read()
				if err != nil {
					return err
				}
				return errors.Join(before.checkContinued(now, began), now.checkCounters())
			})
		})
	}
	for _, id := range ids {
		eventuallyQuery(t, written.server, fmt.Sprintf(`resets(gvisor_fs_opens_total{sandbox_id=%q}[5m])`, id), 0)
		eventuallyQuery(t, written.server, fmt.Sprintf(`count(sandbox_state{sandbox_id=%q} == 1)`, id), 1)
		eventuallyQuery(t, written.server, fmt.Sprintf(`increase(gvisor_fs_opens_total{sandbox_id=%q}[5m]) > bool 10`, id), 1)
	}
}
