package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	sandboxusage "github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// maxCounted limits the number of sandboxes whose series are counted.
const maxCounted = 50

// seriesCounts counts points and series.
type seriesCounts struct {
	points int
	// bySandbox has the series by sandbox; the value reports whether it is one of usage.
	bySandbox map[string]map[string]bool
	usage     map[string]bool
}

// usageNames returns the names of all metrics of usage.
func usageNames() map[string]bool {
	names := make(map[string]bool)
	sandboxusage.NewFamilies(func(name string) bool {
		names[name] = true
		return false
	})
	return names
}

// count counts what arrives in the given time.
func (s *sink) count(duration time.Duration) *seriesCounts {
	s.counts = seriesCounts{bySandbox: make(map[string]map[string]bool), usage: usageNames()}
	s.use(countAll)
	time.Sleep(duration)
	s.use(discardAll)
	s.mu.Lock()
	defer s.mu.Unlock()
	return &s.counts
}

// add counts the points of sandboxes.
func (c *seriesCounts) add(data pmetric.Metrics) {
	for _, resource := range data.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		if !found {
			continue
		}
		if _, known := c.bySandbox[id.Str()]; !known && len(c.bySandbox) < maxCounted {
			c.bySandbox[id.Str()] = make(map[string]bool)
		}
		container := ""
		if value, found := resource.Resource().Attributes().Get("container.id"); found {
			container = value.Str()
		}
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				c.addMetric(c.bySandbox[id.Str()], container, metric)
			}
		}
	}
}

// addMetric counts the points of one metric. Series are only counted if there is a
// set of them.
func (c *seriesCounts) addMetric(series map[string]bool, container string, metric pmetric.Metric) {
	for attributes := range attributesOf(metric) {
		c.points++
		if series != nil {
			series[strings.Join([]string{container, metric.Name(), describe(attributes)}, " ")] = c.usage[metric.Name()]
		}
	}
}

// describe returns the attributes as text, in the order of their keys.
func describe(attributes pcommon.Map) string {
	var each []string
	for key, value := range attributes.All() {
		each = append(each, fmt.Sprintf("%s=%q", key, value.AsString()))
	}
	slices.Sort(each)
	return strings.Join(each, ",")
}

// attributesOf yields the attributes of each point.
func attributesOf(metric pmetric.Metric) func(yield func(pcommon.Map) bool) {
	return func(yield func(pcommon.Map) bool) {
		var numbers pmetric.NumberDataPointSlice
		switch metric.Type() {
		case pmetric.MetricTypeHistogram:
			for _, point := range metric.Histogram().DataPoints().All() {
				if !yield(point.Attributes()) {
					return
				}
			}
			return
		case pmetric.MetricTypeGauge:
			numbers = metric.Gauge().DataPoints()
		case pmetric.MetricTypeSum:
			numbers = metric.Sum().DataPoints()
		default:
			return
		}
		for _, point := range numbers.All() {
			if !yield(point.Attributes()) {
				return
			}
		}
	}
}

// countSeries records what was counted in a number of intervals.
func (r *receiveResult) countSeries(counts *seriesCounts, intervals int) {
	r.Emitted = float64(counts.points) / float64(intervals)
	for _, series := range counts.bySandbox {
		usage := 0
		for _, isUsage := range series {
			if isUsage {
				usage++
			}
		}
		r.Series, r.UsageSeries = max(r.Series, len(series)), max(r.UsageSeries, usage)
	}
}
