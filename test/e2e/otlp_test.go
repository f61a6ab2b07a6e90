//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
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

// startOTLP runs the example that sends to an OTLP endpoint, with a
// configuration that says where to look, and at that endpoint a second
// Collector, which passes on to a sink.
func startOTLP(t *testing.T, config string) *otlpsink.Sink {
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
`, endpoint, sink.Endpoint))
	collector.Start(t, filepath.Join(examples, "otlp.yaml"), fmt.Sprintf(`
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

// rootsAre is a configuration for a runtime root, or a pattern of some.
func rootsAre(pattern string) string {
	return fmt.Sprintf("receivers:\n  sandbox:\n    gvisor: {roots: [%q]}\n", pattern)
}

// latest is the last that was received of a sandbox, all scopes together.
func latest(sink *otlpsink.Sink, id string) (pcommon.Map, map[string]pmetric.Metric, error) {
	for _, metrics := range slices.Backward(sink.Received()) {
		for _, resource := range metrics.ResourceMetrics().All() {
			if value, there := resource.Resource().Attributes().Get("sandbox.id"); !there || value.Str() != id {
				continue
			}
			byName := map[string]pmetric.Metric{}
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					if other, twice := byName[metric.Name()]; twice && metric.Type() != other.Type() {
						return pcommon.Map{}, nil, fmt.Errorf("%s is both a %v and a %v", metric.Name(), metric.Type(), other.Type())
					}
					byName[metric.Name()] = metric
				}
			}
			return resource.Resource().Attributes(), byName, nil
		}
	}
	return pcommon.Map{}, nil, fmt.Errorf("nothing was received of %s", id)
}

// registered are the names of a runtime's metrics, by the name that Prometheus
// knows: fs_opens is /fs/opens.
func registered(t *testing.T, runtime *runsc.Runtime, id string) map[string]string {
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

// checkValue returns an error unless a metric holds the value of a series.
func checkValue(metric pmetric.Metric, series page.Series, identity map[string]string, start time.Time) error {
	var points pmetric.NumberDataPointSlice
	switch {
	case series.Type == "gauge" && metric.Type() == pmetric.MetricTypeGauge:
		points = metric.Gauge().DataPoints()
	case series.Type == "counter" && metric.Type() == pmetric.MetricTypeSum && metric.Sum().IsMonotonic() &&
		metric.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative:
		points = metric.Sum().DataPoints()
	default:
		return fmt.Errorf("a %v, want a %s", metric.Type(), series.Type)
	}
	labels := map[string]any{}
	for key, text := range series.Labels {
		if _, identifies := identity[key]; !identifies {
			labels[key] = text
		}
	}
	for _, point := range points.All() {
		if fmt.Sprint(point.Attributes().AsRaw()) != fmt.Sprint(labels) {
			continue
		}
		value := point.DoubleValue()
		if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(point.IntValue())
		}
		if value != series.Value {
			return fmt.Errorf("%v, want %v", value, series.Value)
		}
		if series.Type == "counter" && !point.StartTimestamp().AsTime().Equal(start) {
			return fmt.Errorf("counts from %v, want %v", point.StartTimestamp().AsTime(), start)
		}
		return nil
	}
	return fmt.Errorf("no point has the attributes %v", labels)
}

// A second Collector gets, over OTLP, what runsc says of a sandbox.
func TestOTLPDeliversWhatRunscExports(t *testing.T) {
	runtime := runsc.New(t)
	network := runsc.LoopbackNamespace(t)
	sandbox := runtime.Start(runsc.Container{
		ID: "pod", Script: webServer, MetricServer: metricServer, Network: network,
		Annotations: runsc.PodSandbox("pod", "shop", "web", "0b4e1f6e"),
	})
	unregistered := runtime.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})
	sink := startOTLP(t, rootsAre(runtime.Root))

	exported := sandbox.ExportSettled()
	identity := identityOf(sandbox)
	names := registered(t, runtime, "pod")
	start := sandbox.State().Sandbox.Started
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, "pod")
		if err != nil {
			return err
		}
		errs := []error{checkAttributes(attributes, map[string]string{
			"sandbox.id":           "pod",
			"sandbox.iteration":    identity["iteration"],
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "registered",
			"k8s.pod.name":         "web",
			"k8s.pod.uid":          "0b4e1f6e",
			"k8s.namespace.name":   "shop",
		})}
		for key, series := range exported {
			name := "gvisor" + strings.ReplaceAll(names[strings.TrimPrefix(series.Name, "runsc_")], "/", ".")
			metric, there := metrics[name]
			if !there {
				errs = append(errs, fmt.Errorf("%s is missing for %s", name, key))
				continue
			}
			if err := checkValue(metric, series, identity, start); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
			if metric.Description() != series.Help {
				errs = append(errs, fmt.Errorf("%s: description %q, want %q", name, metric.Description(), series.Help))
			}
		}
		for _, name := range []string{"sandbox.state", "sandbox.responsive", "sandbox.last_success.age", "sandbox.pull.duration"} {
			if _, there := metrics[name]; !there {
				errs = append(errs, fmt.Errorf("%s is missing", name))
			}
		}
		return errors.Join(errs...)
	})

	// Without --metric-server there is no registration on the host.
	iteration := identityOf(unregistered)["iteration"]
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, "unregistered")
		if err != nil {
			return err
		}
		if _, there := metrics["gvisor.fs.opens"]; !there {
			return errors.New("gvisor.fs.opens is missing")
		}
		return checkAttributes(attributes, map[string]string{
			"sandbox.id":           "unregistered",
			"sandbox.iteration":    iteration,
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "first_use",
		})
	})

	// State files hold the environment of the workload.
	marshaler := pmetric.JSONMarshaler{}
	for _, metrics := range sink.Received() {
		text, err := marshaler.MarshalMetrics(metrics)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "not-for-telemetry") {
			t.Fatal("the workload's environment was sent")
		}
	}
}

// checkAttributes returns an error unless a resource has the wanted attributes
// and, besides a version and ids of its container, no others.
func checkAttributes(got pcommon.Map, want map[string]string) error {
	var errs []error
	for key, text := range want {
		if value, there := got.Get(key); !there || value.Str() != text {
			errs = append(errs, fmt.Errorf("resource attribute %s is %q, want %q", key, value.AsString(), text))
		}
	}
	for key := range got.All() {
		if _, wanted := want[key]; !wanted && !slices.Contains([]string{"sandbox.runtime.version", "container.id", "k8s.container.name"}, key) {
			errs = append(errs, fmt.Errorf("resource attribute %s is too much", key))
		}
	}
	return errors.Join(errs...)
}

// Sandboxes that have nothing registered on the host can be left out, which the
// Collector says in its own telemetry.
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
		if len(got.Select(measured("registered"))) == 0 {
			return errors.New("the registered sandbox is missing")
		}
		return nil
	})
	telemetry.Eventually(func(got page.Page) error {
		return errors.Join(
			hasValue(got, "otelcol_receiver_sandbox_skipped_paths", 1, map[string]string{"receiver": "sandbox/gvisor", "runtime": "gvisor", "reason": "unregistered"}),
			hasValue(got, "otelcol_receiver_sandbox_sandboxes", 1, map[string]string{"receiver": "sandbox/gvisor", "runtime": "gvisor", "sandbox.state": "running"}),
		)
	})
	got, err := served.Get()
	if err != nil {
		t.Fatal(err)
	}
	if err := nothingOf("unregistered")(got); err != nil {
		t.Error(err)
	}
}

// hasValue returns an error unless the page has a series with all the labels,
// and the value.
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
