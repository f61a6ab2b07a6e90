package pdataconv

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// putMetric sets what all points of a metric share.
func putMetric(metric pmetric.Metric, form *sandbox.Descriptor) {
	metric.SetName(form.Name)
	metric.SetDescription(form.Description)
	metric.SetUnit(form.Unit)
	switch form.Kind {
	case sandbox.Counter, sandbox.UpDownCounter:
		sum := metric.SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		sum.SetIsMonotonic(form.Kind == sandbox.Counter)
	case sandbox.Histogram:
		metric.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case sandbox.Summary:
		metric.SetEmptySummary()
	default:
		metric.SetEmptyGauge()
	}
}

// noRecordedValue marks a point as the end of its series.
var noRecordedValue = pmetric.DefaultDataPointFlags.WithNoRecordedValue(true)

func (b *Batch) putPoint(metric pmetric.Metric, form *sandbox.Descriptor, id *sandbox.Identity, point *sandbox.Point, at stamps, end bool) {
	switch form.Kind {
	case sandbox.Counter, sandbox.UpDownCounter:
		dp := metric.Sum().DataPoints().AppendEmpty()
		dp.SetStartTimestamp(at.start)
		b.putNumber(dp, form, id, point, at, end)
	case sandbox.Histogram:
		b.putHistogram(metric.Histogram().DataPoints().AppendEmpty(), form, id, point, at, end)
	case sandbox.Summary:
		b.putSummary(metric.Summary().DataPoints().AppendEmpty(), form, id, point, at, end)
	default:
		b.putNumber(metric.Gauge().DataPoints().AppendEmpty(), form, id, point, at, end)
	}
}

func (b *Batch) putNumber(dp pmetric.NumberDataPoint, form *sandbox.Descriptor, id *sandbox.Identity, point *sandbox.Point, at stamps, end bool) {
	dp.SetTimestamp(at.time)
	b.putAttributes(dp.Attributes(), form, id, point)
	if end {
		dp.SetFlags(noRecordedValue)
		return
	}
	value := point.Value.Scaled(form.Scale)
	if value.IsFloat() {
		dp.SetDoubleValue(value.AsFloat())
	} else {
		dp.SetIntValue(value.AsInt())
	}
}

func (b *Batch) putHistogram(dp pmetric.HistogramDataPoint, form *sandbox.Descriptor, id *sandbox.Identity, point *sandbox.Point, at stamps, end bool) {
	dp.SetTimestamp(at.time)
	dp.SetStartTimestamp(at.start)
	b.putAttributes(dp.Attributes(), form, id, point)
	if end {
		dp.SetFlags(noRecordedValue)
		return
	}
	distribution := point.Distribution
	scale := form.Factor()
	dp.SetCount(distribution.Count)
	if !distribution.NoSum {
		dp.SetSum(distribution.Sum * scale)
	}
	if distribution.HasRange {
		dp.SetMin(distribution.Min * scale)
		dp.SetMax(distribution.Max * scale)
	}
	b.bounds = b.bounds[:0]
	for _, bound := range distribution.Bounds {
		b.bounds = append(b.bounds, bound*scale)
	}
	dp.ExplicitBounds().FromRaw(b.bounds)
	dp.BucketCounts().FromRaw(distribution.Buckets)
}

func (b *Batch) putSummary(dp pmetric.SummaryDataPoint, form *sandbox.Descriptor, id *sandbox.Identity, point *sandbox.Point, at stamps, end bool) {
	dp.SetTimestamp(at.time)
	dp.SetStartTimestamp(at.start)
	b.putAttributes(dp.Attributes(), form, id, point)
	if end {
		dp.SetFlags(noRecordedValue)
		return
	}
	distribution := point.Distribution
	scale := form.Factor()
	dp.SetCount(distribution.Count)
	dp.SetSum(distribution.Sum * scale)
	values := dp.QuantileValues()
	values.EnsureCapacity(len(distribution.Quantiles))
	for _, quantile := range distribution.Quantiles {
		value := values.AppendEmpty()
		value.SetQuantile(quantile.Quantile)
		value.SetValue(quantile.Value * scale)
	}
}

// putAttributes sets the labels of the series, the constant attributes of its
// form and, in the naming "prometheus", the identity of its sandbox. The keys
// of these three never collide: runtimes choose them so.
func (b *Batch) putAttributes(attributes pcommon.Map, form *sandbox.Descriptor, id *sandbox.Identity, point *sandbox.Point) {
	var identity []sandbox.Attribute
	if id != nil && b.converter.settings.Naming == Prometheus {
		identity = id.UpstreamLabels
	}
	size := len(point.Labels) + len(form.Attributes) + len(identity)
	if size == 0 {
		return
	}
	attributes.EnsureCapacity(size)
	for i, text := range point.Labels {
		if i < len(form.LabelKeys) && form.LabelKeys[i] != "" {
			attributes.PutStr(form.LabelKeys[i], text)
		}
	}
	for _, attribute := range form.Attributes {
		attributes.PutStr(attribute.Key, attribute.Value)
	}
	for _, attribute := range identity {
		attributes.PutStr(attribute.Key, attribute.Value)
	}
}
