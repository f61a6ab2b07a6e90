//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// metricServer is the flag --metric-server of registered sandboxes. No metric
// server listens on this address.
const metricServer = "127.0.0.1:1"

// startCompatible runs the example that replaces runsc metric-server, with additional
// configurations. Series expire long after the test, so that a series
// only disappears from the page when the receiver marks it as ended.
func startCompatible(t *testing.T, configs ...string) *collector.Page {
	t.Helper()
	served := collector.NewPage(t)
	base := []string{filepath.Join(examples, "prometheus-compatible.yaml"), fmt.Sprintf(`
receivers:
  sandbox/gvisor:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
  sandbox/kata:
    kata: {storage_paths: [/nonexistent]}
exporters:
  prometheus_scrape/gvisor: {endpoint: "%s", metric_expiration: 1h}
  prometheus_scrape/kata: {endpoint: "%s"}
`, served.Address, process.FreeAddress(t))}
	collector.Start(t, append(base, configs...)...)
	return served
}

// compatibleRoot returns a configuration for one runtime root.
func compatibleRoot(runtime *runsc.Runtime) string {
	return fmt.Sprintf("receivers:\n  sandbox/gvisor:\n    gvisor: {roots: [%q]}\n", runtime.Root)
}

// ofSandbox selects the series of a sandbox.
func ofSandbox(id string) func(page.Series) bool {
	return func(s page.Series) bool { return s.Labels["sandbox"] == id }
}

const metaPrefix = "runsc_meta_"

// exportedBy selects the series that a sandbox exports itself.
func exportedBy(id string) func(page.Series) bool {
	return func(s page.Series) bool { return ofSandbox(id)(s) && !strings.HasPrefix(s.Name, metaPrefix) }
}

// webServer is a script that opens files and connections over its loopback
// interface, and then sleeps.
const webServer = `
echo content >/tmp/file
httpd -p 127.0.0.1:80 -h /tmp
i=0
while [ $i -lt 20 ]; do wget -q -O /dev/null http://127.0.0.1/file; i=$((i+1)); done
exec sleep 3600`

// The series of a sandbox equal those of runsc export-metrics.
func TestPageEqualsExportMetrics(t *testing.T) {
	runtime := runsc.New(t)
	network := runsc.LoopbackNamespace(t)
	registered := runtime.Start(runsc.Container{ID: "registered", Script: runsc.Idle, MetricServer: metricServer})
	unregistered := runtime.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})
	busy := runtime.Start(runsc.Container{ID: "busy", Script: webServer, MetricServer: metricServer, Network: network})
	pod := runtime.Start(runsc.Container{
		ID: "pod", Script: runsc.Idle, MetricServer: metricServer,
		Annotations: runsc.PodSandbox("pod", "shop", "web", "0b4e1f6e"),
	})
	runtime.Start(runsc.Container{
		ID: "app", Script: "cat /bin/busybox >/dev/null; exec sleep 3600", MetricServer: metricServer,
		Annotations: runsc.PodContainer("pod", "shop", "web", "0b4e1f6e", "app"),
	})
	served := startBoth(t, compatibleRoot(runtime))
	for _, sandbox := range []*runsc.Sandbox{registered, unregistered, busy, pod} {
		t.Run(sandbox.ID, func(t *testing.T) {
			started := time.Now()
			exported := sandbox.ExportSettled()
			served.Eventually(func(got page.Page) error {
				return page.Equal(exported, got.Select(exportedBy(sandbox.ID)))
			})

			// A paused sandbox still responds, so its series stay current.
			sandbox.Pause()
			defer sandbox.Resume()
			exported = sandbox.ExportSettled()
			served.Eventually(func(got page.Page) error {
				own := got.Select(exportedBy(sandbox.ID))
				return errors.Join(page.Equal(exported, own), checkTimes(own, started, time.Now()))
			})
		})
	}
	if got, want := len(busy.Export()), 20; got < want {
		t.Errorf("the busy sandbox has %d series, want at least %d: its workload did not run", got, want)
	}
	served.Eventually(func(got page.Page) error {
		if others := got.Select(ofSandbox("app")); len(others) != 0 {
			return fmt.Errorf("a container in a pod has separate series: %v", others)
		}
		return nil
	})
}

// checkTimes returns an error unless all timestamps are between two times.
func checkTimes(p page.Page, from, to time.Time) error {
	for key, series := range p {
		if series.Time.Before(from.Truncate(time.Millisecond)) || series.Time.After(to) {
			return fmt.Errorf("%s has timestamp %v, want between %v and %v", key, series.Time, from, to)
		}
	}
	return nil
}

// metaFamilies holds the type and help of the metrics of runsc metric-server about
// sandboxes and about itself.
var metaFamilies = map[string]struct{ kind, help string }{
	"sandbox_presence":                     {"gauge", "Boolean metric set to 1 for each known sandbox."},
	"sandbox_running":                      {"gauge", "Boolean metric set to 1 for each running sandbox."},
	"sandbox_metadata":                     {"gauge", "Key-value pairs about per-sandbox metadata."},
	"sandbox_capabilities":                 {"gauge", "Linux capabilities added within containers of the sandbox."},
	"sandbox_creation_time_seconds":        {"gauge", "When the sandbox was created, as a unix timestamp in seconds."},
	"sandbox_checkpointed":                 {"gauge", "Boolean metric set to 1 for each checkpointed sandbox."},
	"sandbox_restored":                     {"gauge", "Boolean metric set to 1 for each restored sandbox."},
	"sandbox_cpu_time_saved_milliseconds":  {"gauge", "CPU time saved for each restored sandbox (in milliseconds)."},
	"sandbox_wall_time_saved_milliseconds": {"gauge", "Wall time saved for each restored sandbox (in milliseconds)."},
	"spec_metadata":                        {"gauge", "Key-value pairs about OCI spec metadata."},
	"num_sandboxes_total":                  {"counter", "Counter of sandboxes that have ever been started."},
	"num_sandboxes_running":                {"gauge", "Number of sandboxes running at present."},
	"num_sandboxes_broken_metrics":         {"gauge", "Number of sandboxes from which we cannot export metrics."},
	"num_sandboxes_checkpointed":           {"counter", "Counter of sandboxes that have been checkpointed."},
	"num_sandboxes_restored":               {"counter", "Counter of sandboxes that have been restored."},
	"metric_server_presence":               {"gauge", "Boolean metric always set to 1 for the metric server process."},
}

// meta returns a series of a metric about sandboxes or the server.
func meta(name string, value float64, labels ...map[string]string) page.Series {
	all := map[string]string{}
	for _, some := range labels {
		maps.Copy(all, some)
	}
	family := metaFamilies[name]
	return page.Series{Name: metaPrefix + name, Type: family.kind, Help: family.help, Labels: all, Value: value}
}

// metaOf selects the series about a sandbox that it does not export itself.
func metaOf(id string) func(page.Series) bool {
	return func(s page.Series) bool { return ofSandbox(id)(s) && strings.HasPrefix(s.Name, metaPrefix) }
}

// identityOf returns the labels with which runsc identifies a sandbox.
func identityOf(sandbox *runsc.Sandbox) map[string]string {
	labels := map[string]string{}
	for _, series := range sandbox.Export() {
		for _, key := range []string{"sandbox", "iteration", "pod_name", "namespace_name"} {
			if text, found := series.Labels[key]; found {
				labels[key] = text
			}
		}
		break
	}
	return labels
}

// The metrics about sandboxes and about the server equal those of runsc
// metric-server.
func TestPageHasMetaMetrics(t *testing.T) {
	runtime := runsc.New(t)
	sandbox := runtime.Start(runsc.Container{
		ID: "pod", Script: runsc.Idle, MetricServer: metricServer, Capabilities: []string{"CAP_KILL"},
		Annotations: runsc.PodSandbox("pod", "shop", "web", "0b4e1f6e"),
	})
	runtime.Start(runsc.Container{
		ID: "app", Script: runsc.Idle, MetricServer: metricServer, Capabilities: []string{"CAP_AUDIT_WRITE", "CAP_KILL"},
		Annotations: runsc.PodContainer("pod", "shop", "web", "0b4e1f6e", "app"),
	})
	other := runtime.Start(runsc.Container{ID: "other", Script: runsc.Idle, MetricServer: metricServer})
	served := startCompatible(t, compatibleRoot(runtime))
	identity := identityOf(sandbox)
	if len(identity) != 4 {
		t.Fatalf("identity of a sandbox in a pod is %v, want 4 labels", identity)
	}
	state := sandbox.State()
	spec := map[string]string{"hasuid0": "true", "ociversion": "1.0.2", "nvproxy": "false", "tpuproxy": "false"}
	want := page.New(
		meta("sandbox_presence", 1, identity),
		meta("sandbox_running", 1, identity),
		meta("sandbox_metadata", 1, identity, state.Sandbox.MetricMetadata),
		meta("sandbox_capabilities", 1, identity, map[string]string{"capability": "KILL"}),
		meta("sandbox_capabilities", 1, identity, map[string]string{"capability": "AUDIT_WRITE"}),
		meta("spec_metadata", 1, identity, spec),
		meta("sandbox_checkpointed", 0, identity),
		meta("sandbox_restored", 0, identity),
		meta("sandbox_cpu_time_saved_milliseconds", 0, identity),
		meta("sandbox_wall_time_saved_milliseconds", 0, identity),
		meta("sandbox_creation_time_seconds", float64(state.Created.UnixNano())/1e9, identity),
	)
	t.Run("running sandbox", func(t *testing.T) {
		served.Eventually(func(got page.Page) error {
			return page.Equal(want, roundedTimes(got.Select(metaOf("pod")), want))
		})
	})
	t.Run("server", func(t *testing.T) { checkServer(t, served, 2, 2) })
	t.Run("server after the end of a sandbox", func(t *testing.T) {
		other.End()
		checkServer(t, served, 2, 1)
	})
}

// checkServer checks the metrics about the server, with the total number of
// sandboxes and the number of running ones.
func checkServer(t *testing.T, served *collector.Page, total, running float64) {
	t.Helper()
	const start = "process_start_time_seconds"
	want := page.New(
		meta("num_sandboxes_total", total),
		meta("num_sandboxes_running", running),
		meta("num_sandboxes_broken_metrics", 0),
		meta("num_sandboxes_checkpointed", 0),
		meta("num_sandboxes_restored", 0),
		meta("metric_server_presence", 1),
		page.Series{Name: start, Type: "gauge", Help: "Start time of the process since unix epoch in seconds."},
	)
	process.Eventually(t, collector.Timeout, func() error {
		got, err := served.Get()
		if err != nil {
			return err
		}
		server := got.Select(func(s page.Series) bool { return s.Labels["sandbox"] == "" })
		for key, series := range server {
			if series.Name != start {
				continue
			}
			if age := time.Since(time.UnixMilli(int64(series.Value * 1e3))); age < 0 || age > time.Hour {
				return fmt.Errorf("%s is %v ago, want less than an hour", key, age)
			}
			series.Value = 0
			server[key] = series
		}
		return page.Equal(want, server)
	})
}

// roundedTimes replaces times that differ from the wanted ones only by rounding
// errors with the wanted ones.
func roundedTimes(got, want page.Page) page.Page {
	for key, series := range got {
		if wanted, found := want[key]; found && strings.HasSuffix(series.Name, "_time_seconds") {
			if difference := series.Value - wanted.Value; difference < 1e-5 && difference > -1e-5 {
				series.Value = wanted.Value
				got[key] = series
			}
		}
	}
	return got
}
