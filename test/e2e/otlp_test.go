//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// startOTLP runs the example that sends to an OTLP endpoint, with an additional
// configuration. The endpoint is a second Collector, which forwards to a sink.
func startOTLP(t *testing.T, config string) *otlpsink.Sink {
	t.Helper()
	return startExample(t, "otlp.yaml", config)
}

// startExample is like startOTLP, with another example that sends to an OTLP endpoint.
func startExample(t *testing.T, example, config string) *otlpsink.Sink {
	t.Helper()
	sink := otlpsink.Start(t)
	endpoint := process.FreeAddress(t)
	collector.Start(t, fmt.Sprintf(`
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "%s"}
exporters:
  otlp_http: {endpoint: "%s", compression: none}
service:
  pipelines:
    metrics: {receivers: [otlp], exporters: [otlp_http]}
    logs: {receivers: [otlp], exporters: [otlp_http]}
`, endpoint, sink.Endpoint))
	collector.StartFull(t, nil, filepath.Join(examples, example), fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    kata: {storage_paths: [/nonexistent]}
exporters:
  otlp_grpc: {endpoint: "%s"}
`, endpoint), config)
	return sink
}

// otlpRoots returns a configuration for a runtime root, or a pattern of roots.
func otlpRoots(pattern string) string {
	return fmt.Sprintf("receivers:\n  sandbox:\n    gvisor: {roots: [%q]}\n", pattern)
}

// latest returns the resource attributes and metrics of the last data received
// from a sandbox. The metrics of all scopes are combined.
func latest(sink *otlpsink.Sink, id string) (pcommon.Map, map[string]pmetric.Metric, error) {
	for _, metrics := range slices.Backward(sink.Received()) {
		for _, resource := range metrics.ResourceMetrics().All() {
			if value, found := resource.Resource().Attributes().Get("sandbox.id"); !found || value.Str() != id {
				continue
			}
			byName := map[string]pmetric.Metric{}
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					if other, found := byName[metric.Name()]; found && metric.Type() != other.Type() {
						return pcommon.Map{}, nil, fmt.Errorf("%s is both a %v and a %v", metric.Name(), metric.Type(), other.Type())
					}
					byName[metric.Name()] = metric
				}
			}
			return resource.Resource().Attributes(), byName, nil
		}
	}
	return pcommon.Map{}, nil, fmt.Errorf("no data of %s received", id)
}

// registeredNames returns the paths of the registered metrics by their Prometheus
// name, for example /fs/opens by fs_opens.
func registeredNames(t *testing.T, runtime *runsc.Runtime, id string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(runtime.Root, fmt.Sprintf("%s_sandbox:%s.state", id, id)))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Sandbox struct {
			RegisteredMetrics struct {
				Metrics []struct {
					Name           string `json:"name"`
					PrometheusName string `json:"prometheus_name"`
				} `json:"metrics"`
			} `json:"registeredMetrics"`
		} `json:"sandbox"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, metric := range state.Sandbox.RegisteredMetrics.Metrics {
		names[metric.PrometheusName] = metric.Name
	}
	if len(names) == 0 {
		t.Fatal("the sandbox has no registration")
	}
	return names
}

// rseqNumbers are the numbers of a system call that gVisor does not implement and
// that every program calls.
var rseqNumbers = map[string]string{"amd64": "334", "arm64": "293"}

// checkValue returns an error unless a metric has the type and value of a series.
func checkValue(metric pmetric.Metric, series page.Series, identity map[string]string, start time.Time) error {
	var points pmetric.NumberDataPointSlice
	switch {
	case series.Type == "gauge" && metric.Type() == pmetric.MetricTypeGauge:
		points = metric.Gauge().DataPoints()
	case series.Type == "counter" && metric.Type() == pmetric.MetricTypeSum && metric.Sum().IsMonotonic() &&
		metric.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative:
		points = metric.Sum().DataPoints()
	default:
		return fmt.Errorf("type is %v, want %s", metric.Type(), series.Type)
	}
	labels := map[string]any{}
	for key, text := range series.Labels {
		if _, identifies := identity[key]; !identifies {
			labels["gvisor."+key] = text
			if key == "sysno" && text == rseqNumbers[runtime.GOARCH] {
				labels["gvisor.syscall.name"] = "rseq"
			}
		}
	}
	want := series.Value
	if metric.Unit() == "s" {
		want *= 1e-9 // runsc exports nanoseconds
	}
	for _, point := range points.All() {
		attributes := point.Attributes().AsRaw()
		if labels["gvisor.syscall.name"] == nil {
			delete(attributes, "gvisor.syscall.name") // The names of others are not checked here.
		}
		if fmt.Sprint(attributes) != fmt.Sprint(labels) {
			continue
		}
		value := point.DoubleValue()
		if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(point.IntValue())
		}
		if value != want {
			return fmt.Errorf("value is %v, want %v", value, want)
		}
		if series.Type == "counter" && !point.StartTimestamp().AsTime().Equal(start) {
			return fmt.Errorf("start time is %v, want %v", point.StartTimestamp().AsTime(), start)
		}
		return nil
	}
	return fmt.Errorf("no point has the attributes %v", labels)
}

// Metrics that runsc exports arrive over OTLP at a second Collector.
func TestOTLPDeliversExportedMetrics(t *testing.T) {
	runtime := runsc.New(t)
	network := runsc.LoopbackNamespace(t)
	sandbox := runtime.Start(runsc.Container{
		ID: "pod", Script: webServer, MetricServer: metricServer, Network: network,
		Annotations: runsc.PodSandbox("pod", "shop", "web", "0b4e1f6e"),
	})
	unregistered := runtime.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})
	sink := startOTLP(t, otlpRoots(runtime.Root))

	exported := sandbox.ExportSettled()
	identity := identityOf(sandbox)
	names := registeredNames(t, runtime, "pod")
	start := sandbox.State().Sandbox.Started
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, "pod")
		if err != nil {
			return err
		}
		errs := []error{
			checkAttributes(attributes, map[string]string{
				"sandbox.id":           "pod",
				"sandbox.iteration":    identity["iteration"],
				"sandbox.runtime.name": "gvisor",
				"sandbox.trust":        "registered",
				"k8s.pod.name":         "web",
				"k8s.pod.uid":          "0b4e1f6e",
				"k8s.namespace.name":   "shop",
			}),
			checkPresent(metrics, "sandbox.state", "sandbox.responsive", "sandbox.last_success.age", "sandbox.pull.duration"),
		}
		for key, series := range exported {
			name := "gvisor" + strings.ReplaceAll(names[strings.TrimPrefix(series.Name, "runsc_")], "/", ".")
			if err := checkMetric(metrics, name, series, identity, start); err != nil {
				errs = append(errs, fmt.Errorf("%s for %s: %w", name, key, err))
			}
		}
		return errors.Join(errs...)
	})
	checkUnregistered(t, sink, identityOf(unregistered)["iteration"])
	checkNoEnvironment(t, sink)
}

// checkPresent returns an error unless all named metrics are present.
func checkPresent(metrics map[string]pmetric.Metric, names ...string) error {
	var errs []error
	for _, name := range names {
		if _, found := metrics[name]; !found {
			errs = append(errs, fmt.Errorf("%s is missing", name))
		}
	}
	return errors.Join(errs...)
}

// checkMetric returns an error unless a metric equals a series.
func checkMetric(
	metrics map[string]pmetric.Metric, name string, series page.Series, identity map[string]string, start time.Time,
) error {
	metric, found := metrics[name]
	if !found {
		return errors.New("metric is missing")
	}
	if err := checkValue(metric, series, identity, start); err != nil {
		return err
	}
	if metric.Description() != series.Help {
		return fmt.Errorf("description is %q, want %q", metric.Description(), series.Help)
	}
	return nil
}

// checkUnregistered waits for the metrics of a sandbox that was started without
// --metric-server, so that its registration is not on the host.
func checkUnregistered(t *testing.T, sink *otlpsink.Sink, iteration string) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, "unregistered")
		if err != nil {
			return err
		}
		return errors.Join(checkPresent(metrics, "gvisor.fs.opens"), checkAttributes(attributes, map[string]string{
			"sandbox.id":           "unregistered",
			"sandbox.iteration":    iteration,
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "first_use",
		}))
	})
}

// checkNoEnvironment fails the test if the environment of a workload, which is in
// the state file, was sent.
func checkNoEnvironment(t *testing.T, sink *otlpsink.Sink) {
	t.Helper()
	marshaler := pmetric.JSONMarshaler{}
	for _, metrics := range sink.Received() {
		text, err := marshaler.MarshalMetrics(metrics)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "not-for-telemetry") {
			t.Fatal("the environment of the workload was sent")
		}
	}
}

// textOf returns the value of a string attribute, or "" if it is absent.
func textOf(attributes pcommon.Map, key string) string {
	if value, found := attributes.Get(key); found {
		return value.Str()
	}
	return ""
}

// checkAttribute returns an error unless an attribute has the wanted value.
func checkAttribute(attributes pcommon.Map, key, want string) error {
	if _, found := attributes.Get(key); !found {
		return fmt.Errorf("attribute %s is missing, want %q", key, want)
	}
	if got := textOf(attributes, key); got != want {
		return fmt.Errorf("attribute %s is %q, want %q", key, got, want)
	}
	return nil
}

// optionalAttributes are resource attributes that checkAttributes ignores.
var optionalAttributes = []string{"sandbox.runtime.version", "container.id", "k8s.container.name", "host.name"}

// checkAttributes returns an error unless a resource has the wanted attributes and
// no others, except optional ones.
func checkAttributes(got pcommon.Map, want map[string]string) error {
	var errs []error
	for key, text := range want {
		errs = append(errs, checkAttribute(got, key, text))
	}
	for key := range got.All() {
		if _, wanted := want[key]; !wanted && !slices.Contains(optionalAttributes, key) {
			errs = append(errs, fmt.Errorf("attribute %s is unexpected", key))
		}
	}
	return errors.Join(errs...)
}
