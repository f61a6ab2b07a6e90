// Package metricstest builds batches of metrics for tests.
package metricstest

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Batch is a batch with resources.
type Batch struct {
	pmetric.Metrics
}

// New returns an empty batch.
func New() Batch { return Batch{pmetric.NewMetrics()} }

// Resource is a resource with metrics in one scope.
type Resource struct {
	Attributes pcommon.Map
	Scope      pmetric.ScopeMetrics
}

// Resource adds a resource. attributes are keys and values.
func (b Batch) Resource(attributes ...string) Resource {
	rm := b.ResourceMetrics().AppendEmpty()
	put(rm.Resource().Attributes(), attributes)
	return Resource{Attributes: rm.Resource().Attributes(), Scope: rm.ScopeMetrics().AppendEmpty()}
}

func put(m pcommon.Map, attributes []string) {
	for i := 0; i+1 < len(attributes); i += 2 {
		m.PutStr(attributes[i], attributes[i+1])
	}
}

// Metric adds a metric without points.
func (r Resource) Metric(name string) pmetric.Metric {
	m := r.Scope.Metrics().AppendEmpty()
	m.SetName(name)
	m.SetDescription("Help of " + name + ".")
	return m
}

// Gauge adds a gauge with one point.
func (r Resource) Gauge(name string, value float64, attributes ...string) pmetric.NumberDataPoint {
	p := r.Metric(name).SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(value)
	put(p.Attributes(), attributes)
	return p
}

// Counter adds a cumulative monotonic sum with one point.
func (r Resource) Counter(name string, value int64, attributes ...string) pmetric.NumberDataPoint {
	return r.sum(name, value, pmetric.AggregationTemporalityCumulative, attributes)
}

// Delta adds a monotonic delta sum with one point.
func (r Resource) Delta(name string, value int64, start, end pcommon.Timestamp) pmetric.NumberDataPoint {
	p := r.sum(name, value, pmetric.AggregationTemporalityDelta, nil)
	p.SetStartTimestamp(start)
	p.SetTimestamp(end)
	return p
}

func (r Resource) sum(name string, value int64, temporality pmetric.AggregationTemporality, attributes []string) pmetric.NumberDataPoint {
	sum := r.Metric(name).SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(temporality)
	p := sum.DataPoints().AppendEmpty()
	p.SetIntValue(value)
	put(p.Attributes(), attributes)
	return p
}

// Histogram adds a cumulative histogram with one point.
func (r Resource) Histogram(name string, bounds []float64, counts ...uint64) pmetric.HistogramDataPoint {
	h := r.Metric(name).SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.ExplicitBounds().FromRaw(bounds)
	p.BucketCounts().FromRaw(counts)
	var total uint64
	for _, count := range counts {
		total += count
	}
	p.SetCount(total)
	p.SetSum(float64(total) / 2)
	return p
}

// Exponential adds a cumulative exponential histogram with one point.
func (r Resource) Exponential(name string, counts ...uint64) pmetric.ExponentialHistogramDataPoint {
	h := r.Metric(name).SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.Positive().BucketCounts().FromRaw(counts)
	var total uint64
	for _, count := range counts {
		total += count
	}
	p.SetCount(total)
	p.SetSum(float64(total))
	return p
}

// Summary adds a summary with one point. quantiles are quantiles and values.
func (r Resource) Summary(name string, count uint64, sum float64, quantiles ...float64) pmetric.SummaryDataPoint {
	p := r.Metric(name).SetEmptySummary().DataPoints().AppendEmpty()
	p.SetCount(count)
	p.SetSum(sum)
	for i := 0; i+1 < len(quantiles); i += 2 {
		q := p.QuantileValues().AppendEmpty()
		q.SetQuantile(quantiles[i])
		q.SetValue(quantiles[i+1])
	}
	return p
}

// End returns a flag set for a point without value, which ends its series.
func End() pmetric.DataPointFlags {
	return pmetric.DefaultDataPointFlags.WithNoRecordedValue(true)
}

// Time returns a time in seconds since an epoch.
func Time(seconds int64) pcommon.Timestamp {
	return pcommon.Timestamp(1_000_000_000 + seconds*1_000_000_000)
}
