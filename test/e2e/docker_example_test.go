//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/docker"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/image"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// The image of the Dockerfile collects a sandbox without capabilities, and Prometheus
// shows its CPU, memory and network by the name of the container.
func TestDockerExample(t *testing.T) {
	daemon := docker.StartWithNetwork(t)
	context := t.TempDir()
	process.Run(t, "../../scripts/image", context)
	daemon.Build("otelcol-sandbox:e2e", context)
	daemon.PrometheusImage("prometheus:e2e")

	page, prometheus := process.FreeAddress(t), process.FreeAddress(t)
	config := filepath.Join(t.TempDir(), "prometheus.yaml")
	text, err := os.ReadFile(filepath.Join(examples, "docker/prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, replaceAll(t, string(text), "127.0.0.1:9464", page, "5s", "1s"), 0o644); err != nil {
		t.Fatal(err)
	}
	command := append([]string{
		"env", "COLLECTOR_IMAGE=otelcol-sandbox:e2e", "PROMETHEUS_IMAGE=prometheus:e2e", "WORKLOAD_IMAGE=" + image.Name,
		"METRICS_ADDRESS=" + page, "PROMETHEUS_ADDRESS=" + prometheus, "PROMETHEUS_CONFIG=" + config,
	}, daemon.Environment()...)
	command = append(command, filepath.Join(examples, "docker/run"))
	process.Run(t, command[0], append(command[1:], "up")...)
	t.Cleanup(func() {
		if _, err := process.Try(command[0], append(command[1:], "down")...); err != nil {
			t.Error(err)
		}
	})
	process.Eventually(t, collector.Timeout, func() error {
		var errs []error
		for _, name := range []string{
			"sandbox_cpu_time_seconds_total", "sandbox_memory_usage_bytes", "sandbox_network_io_bytes_total", "gvisor_fs_opens_total",
		} {
			result, err := queryVector("http://"+prometheus, fmt.Sprintf("%s{container_name=%q} > 0", name, "demo-web"))
			if err == nil && len(result.Data.Result) == 0 {
				err = fmt.Errorf("no series %s of demo-web", name)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// replaceAll replaces strings, each of which must be in the text.
func replaceAll(t *testing.T, text string, pairs ...string) []byte {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in:\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return []byte(text)
}
