package pdataconv

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// putMetric sets what all points of a metric share.
func putMetric(metric pmetric.Metric, descriptor *sandbox.Descriptor) {
	metric.SetName(descriptor.Name)
	metric.SetDescription(descriptor.Description)
	metric.SetUnit(descriptor.Unit)
	switch descriptor.Kind {
	case sandbox.Counter, sandbox.UpDownCounter:
		sum := metric.SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		sum.SetIsMonotonic(descriptor.Kind == sandbox.Counter)
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

// entry is a point with everything that its data point is made of.
type entry struct {
	*sandbox.Point
	descriptor *sandbox.Descriptor
	// identity are the attributes that identify the sandbox, if points have them.
	identity []sandbox.Attribute
	at       timestamps
	end      bool
}

func (b *Batch) putPoint(metric pmetric.Metric, e *entry) {
	switch e.descriptor.Kind {
	case sandbox.Counter, sandbox.UpDownCounter:
		dp := metric.Sum().DataPoints().AppendEmpty()
		dp.SetStartTimestamp(e.at.start)
		e.putNumber(dp)
	case sandbox.Histogram:
		b.putHistogram(metric.Histogram().DataPoints().AppendEmpty(), e)
	case sandbox.Summary:
		e.putSummary(metric.Summary().DataPoints().AppendEmpty())
	default:
		e.putNumber(metric.Gauge().DataPoints().AppendEmpty())
	}
}

func (e *entry) putNumber(dp pmetric.NumberDataPoint) {
	dp.SetTimestamp(e.at.time)
	e.putAttributes(dp.Attributes())
	if e.end {
		dp.SetFlags(noRecordedValue)
		return
	}
	value := e.Value.Scaled(e.descriptor.Scale)
	if value.IsFloat() {
		dp.SetDoubleValue(value.AsFloat())
	} else {
		dp.SetIntValue(value.AsInt())
	}
}

func (b *Batch) putHistogram(dp pmetric.HistogramDataPoint, e *entry) {
	dp.SetTimestamp(e.at.time)
	dp.SetStartTimestamp(e.at.start)
	e.putAttributes(dp.Attributes())
	if e.end {
		dp.SetFlags(noRecordedValue)
		return
	}
	distribution := e.Distribution
	scale := e.descriptor.Factor()
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

func (e *entry) putSummary(dp pmetric.SummaryDataPoint) {
	dp.SetTimestamp(e.at.time)
	dp.SetStartTimestamp(e.at.start)
	e.putAttributes(dp.Attributes())
	if e.end {
		dp.SetFlags(noRecordedValue)
		return
	}
	distribution := e.Distribution
	scale := e.descriptor.Factor()
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

// putAttributes sets the labels of the series, the attributes of its descriptor
// and, in the naming "prometheus", the identity of its sandbox. The keys of these
// three never collide: runtimes choose them so.
func (e *entry) putAttributes(attributes pcommon.Map) {
	descriptor := e.descriptor
	size := len(e.Labels) + len(descriptor.Attributes) + len(e.identity)
	if size == 0 {
		return
	}
	attributes.EnsureCapacity(size)
	for i, value := range e.Labels {
		if i < len(descriptor.LabelKeys) && descriptor.LabelKeys[i] != "" {
			attributes.PutStr(descriptor.LabelKeys[i], value)
		}
	}
	for _, attribute := range descriptor.Attributes {
		attributes.PutStr(attribute.Key, attribute.Value)
	}
	for _, attribute := range e.identity {
		attributes.PutStr(attribute.Key, attribute.Value)
	}
}
