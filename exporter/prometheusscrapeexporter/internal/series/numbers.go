package series

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

func (c *consumer) sum(sum pmetric.Sum) {
	c.key.kind = names.NonMonotonicSum
	if sum.IsMonotonic() {
		c.key.kind = names.MonotonicSum
	}
	delta := sum.AggregationTemporality() == pmetric.AggregationTemporalityDelta
	if sum.AggregationTemporality() == pmetric.AggregationTemporalityUnspecified || delta && !sum.IsMonotonic() {
		c.drop(Temporality, sum.DataPoints().Len(), nil)
		return
	}
	c.numbers(sum.DataPoints(), delta)
}

// numbers stores the points of a gauge or a sum. A delta that begins where the series
// ends is added to it; any other replaces it.
func (c *consumer) numbers(points pmetric.NumberDataPointSlice, delta bool) {
	for i := range points.Len() {
		p := points.At(i)
		series, isNew := c.find(point{
			attributes: p.Attributes(), timestamp: p.Timestamp(), noValue: p.Flags().NoRecordedValue(), lines: 1,
		})
		if series == nil {
			continue
		}
		if delta && !isNew && p.StartTimestamp() == series.Timestamp {
			series.accumulate(p)
		} else {
			series.set(p)
			series.Start = p.StartTimestamp()
		}
		series.Timestamp = p.Timestamp()
	}
}

func (s *Series) set(p pmetric.NumberDataPoint) {
	switch p.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		s.setInt(p.IntValue())
	case pmetric.NumberDataPointValueTypeDouble:
		s.setFloat(p.DoubleValue())
	case pmetric.NumberDataPointValueTypeEmpty:
		s.setInt(0)
	}
}

func (s *Series) accumulate(p pmetric.NumberDataPoint) {
	switch p.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		if s.integer {
			s.setInt(int64(s.bits) + p.IntValue())
		} else {
			s.setFloat(s.float() + float64(p.IntValue()))
		}
	case pmetric.NumberDataPointValueTypeDouble:
		s.setFloat(s.float() + p.DoubleValue())
	case pmetric.NumberDataPointValueTypeEmpty:
	}
}
