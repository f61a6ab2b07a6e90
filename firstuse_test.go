//go:build linux

package sandboxreceiver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestFirstUseRegistrationsCannotChangeMetricsOfOthers compares the metrics of all
// sandboxes as an exporter for Prometheus would write them on one page.
func TestFirstUseRegistrationsCannotChangeMetricsOfOthers(t *testing.T) {
	for _, naming := range sandbox.Namings {
		for _, unknown := range []gvisor.UnknownMetrics{gvisor.DropUnknown, gvisor.KeepUnknown} {
			t.Run(string(naming)+" "+string(unknown), func(t *testing.T) {
				fleet := newFleet(t, simfleet.Options{})
				var all []*simgvisor.Sandbox
				for _, options := range []simgvisor.Options{
					{ID: "attacker-1", Mode: simgvisor.LyingRegistration},
					{ID: "attacker-2", Mode: simgvisor.ReservedLabels},
					{ID: "registered"},
					{ID: "unregistered", Unregistered: true},
				} {
					one, err := fleet.AddGVisor(options)
					require.NoError(t, err)
					all = append(all, one)
				}
				sink := new(consumertest.MetricsSink)
				stop, logs := startReceiver(t, fleet, sink, func(c *Config) { c.Naming, c.GVisor.UnknownMetrics = naming, unknown })
				require.Eventually(t, func() bool {
					return !slices.ContainsFunc(all, func(s *simgvisor.Sandbox) bool { return s.Load().Calls < 4 })
				}, time.Minute, 10*time.Millisecond)
				stop()
				p := newPage(t, naming)
				for _, metrics := range sink.AllMetrics() {
					p.add(metrics)
				}
				assert.Empty(t, logs.FilterMessage("Failed to pull sandbox metrics").All())
				p.check(unknown)
				dropped := logs.FilterMessageSnippet("set gvisor::unknown_metrics").Len()
				assert.Equal(t, unknown == gvisor.DropUnknown, dropped > 0)
			})
		}
	}
}

// page is what an exporter for Prometheus would serve.
type page struct {
	t      *testing.T
	naming sandbox.Naming
	// kinds are the type and help text of metrics by normalized name.
	kinds map[string][2]string
	// measured is the number of different metrics of each sandbox, by its ID.
	measured map[string]map[string]bool
}

func newPage(t *testing.T, naming sandbox.Naming) *page {
	t.Helper()
	return &page{t: t, naming: naming, kinds: map[string][2]string{}, measured: map[string]map[string]bool{}}
}

// normalized returns the name of a metric or label in Prometheus.
func normalized(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' || r == '/' }), "_")
}

// exported returns the name of a metric with its suffixes.
func exported(metric pmetric.Metric) string {
	words := strings.Split(normalized(metric.Name()), "_")
	for unit, word := range map[string]string{"s": "seconds", "By": "bytes"} {
		if metric.Unit() == unit && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if metric.Type() == pmetric.MetricTypeSum && metric.Sum().IsMonotonic() {
		words = slices.DeleteFunc(words, func(word string) bool { return word == "total" })
		words = append(words, "total")
	}
	return strings.Join(words, "_")
}

func (p *page) add(metrics pmetric.Metrics) {
	for _, resource := range metrics.ResourceMetrics().All() {
		attributes := resource.Resource().Attributes()
		id, _ := attributes.Get("sandbox.id")
		for _, scope := range resource.ScopeMetrics().All() {
			// A series occurs once per resource.
			series := map[string]bool{}
			for _, metric := range scope.Metrics().All() {
				name := exported(metric)
				p.addKind(name, metric)
				p.addPoints(name, metric, attributes, series)
				if p.measured[id.Str()] == nil {
					p.measured[id.Str()] = map[string]bool{}
				}
				p.measured[id.Str()][name] = true
			}
		}
	}
}

func (p *page) addKind(name string, metric pmetric.Metric) {
	kind := [2]string{metric.Type().String(), metric.Description()}
	if before, found := p.kinds[name]; found {
		assert.Equal(p.t, before, kind, "%s: the type or help text depends on the sandbox", name)
	}
	p.kinds[name] = kind
}

// addPoints verifies the labels of all points of a metric.
func (p *page) addPoints(name string, metric pmetric.Metric, resource pcommon.Map, series map[string]bool) {
	var points pmetric.NumberDataPointSlice
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		points = metric.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		points = metric.Gauge().DataPoints()
	default:
		return // The simulated sandboxes send numbers only.
	}
	for _, point := range points.All() {
		labels := map[string]bool{"job": true, "instance": true, "le": true, "quantile": true}
		for key := range resource.All() {
			labels[normalized(key)] = true
		}
		line := []string{name}
		for key, value := range point.Attributes().All() {
			label := normalized(key)
			assert.False(p.t, labels[label], "%s: label %s occurs twice or is reserved", name, label)
			assert.NotRegexp(p.t, "^(exported|otel_scope)_", label)
			labels[label] = true
			line = append(line, label+"="+value.AsString())
		}
		slices.Sort(line[1:])
		text := strings.Join(line, ",")
		assert.False(p.t, series[text], "%s occurs twice", text)
		series[text] = true
	}
}

// check verifies which metrics are on the page.
func (p *page) check(unknown gvisor.UnknownMetrics) {
	opens, namespace := "gvisor_fs_opens_total", "gvisor_unregistered_"
	if p.naming == sandbox.Prometheus {
		opens, namespace = "runsc_fs_opens_total", "runsc_unregistered_"
	}
	for _, id := range []string{"registered", "unregistered"} {
		assert.True(p.t, p.measured[id][opens], "%s has lost a metric", id)
	}
	assert.Equal(p.t, "Sum", p.kinds[opens][0])
	kept := 0
	for name, kind := range p.kinds {
		assert.NotContains(p.t, kind[1], "attacker", "%s: the help text is that of an attacker", name)
		if strings.HasPrefix(name, namespace) {
			kept++
		}
	}
	assert.Equal(p.t, unknown == gvisor.KeepUnknown, kept > 0)
}
