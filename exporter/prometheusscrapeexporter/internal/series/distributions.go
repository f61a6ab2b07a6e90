package series

import (
	"errors"
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var (
	errNaN        = errors.New("a bound or quantile is NaN")
	errOverlap    = errors.New("the delta overlaps with the previous point")
	errScale      = errors.New("the scale is below -4")
	errPopulation = errors.New("the counts of the buckets do not add up to the count")
)

// minScale is the smallest scale that Prometheus has.
const minScale = -4

// distributionLines returns the number of lines of a histogram or summary: one for each
// bound, _sum, _count and, unless it is one of the bounds, the bucket +Inf.
func distributionLines(bounds []float64, histogram bool) int {
	lines := len(bounds) + 2
	if histogram && (len(bounds) == 0 || !math.IsInf(bounds[len(bounds)-1], 1)) {
		lines++
	}
	return lines
}

func (c *consumer) histograms(h pmetric.Histogram) {
	points := h.DataPoints()
	if h.AggregationTemporality() == pmetric.AggregationTemporalityUnspecified {
		c.drop(Temporality, points.Len(), nil)
		return
	}
	delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
	for i := range points.Len() {
		p := points.At(i)
		noValue := p.Flags().NoRecordedValue()
		current := &c.store.distribution
		if !noValue && !current.setHistogram(p) {
			c.drop(InvalidHistogram, 1, errNaN)
			continue
		}
		c.distribution(point{attributes: p.Attributes(), timestamp: p.Timestamp(), noValue: noValue},
			p.StartTimestamp(), delta, true)
	}
}

func (c *consumer) exponentialHistograms(h pmetric.ExponentialHistogram) {
	points := h.DataPoints()
	if h.AggregationTemporality() == pmetric.AggregationTemporalityUnspecified {
		c.drop(Temporality, points.Len(), nil)
		return
	}
	delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
	for i := range points.Len() {
		p := points.At(i)
		noValue := p.Flags().NoRecordedValue()
		current := &c.store.distribution
		if !noValue {
			if err := current.setExponential(p); err != nil {
				c.drop(InvalidHistogram, 1, err)
				continue
			}
		}
		c.distribution(point{attributes: p.Attributes(), timestamp: p.Timestamp(), noValue: noValue},
			p.StartTimestamp(), delta, true)
	}
}

func (c *consumer) summaries(points pmetric.SummaryDataPointSlice) {
	for i := range points.Len() {
		p := points.At(i)
		noValue := p.Flags().NoRecordedValue()
		if !noValue && !c.store.distribution.setSummary(p) {
			c.drop(InvalidHistogram, 1, errNaN)
			continue
		}
		c.distribution(point{attributes: p.Attributes(), timestamp: p.Timestamp(), noValue: noValue},
			p.StartTimestamp(), false, false)
	}
}

// distribution stores Store.distribution as the value of a point. A delta that begins
// where the series ends is added to it, a later one replaces it.
func (c *consumer) distribution(p point, start pcommon.Timestamp, delta, histogram bool) {
	current := &c.store.distribution
	p.lines = distributionLines(current.Bounds, histogram)
	if delta && !p.noValue {
		// A delta that overlaps is dropped whatever its time is.
		p.anyTime = true
	}
	series, isNew := c.find(p)
	if series == nil || !isNew && !c.grow(series, p.lines) {
		return
	}
	if !isNew && delta {
		if start < series.Timestamp {
			c.drop(InvalidHistogram, 1, errOverlap)
			return
		}
		if start == series.Timestamp {
			series.Distribution.accumulate(current)
			start = series.Start
		} else {
			series.Distribution.copy(current)
		}
	} else {
		if series.Distribution == nil {
			series.Distribution = &Distribution{}
		}
		series.Distribution.copy(current)
	}
	series.Start = start
	series.Timestamp = max(series.Timestamp, p.timestamp)
	c.store.resize(series, distributionLines(series.Distribution.Bounds, histogram))
}

// grow reports whether a series may have a number of lines.
func (c *consumer) grow(series *Series, lines int) bool {
	s := c.store
	more := lines - int(series.lines)
	// To make room, admit may have removed the series itself.
	if more <= 0 || s.admit(series.Resource, more) && s.index[series.identity] == series {
		return true
	}
	c.drop(MaxSeries, 1, nil)
	return false
}

// resize changes the number of lines of a series.
func (s *Store) resize(series *Series, lines int) {
	change := lines - int(series.lines)
	series.lines = int32(lines)
	series.Resource.lines += change
	s.lines += change
}

func (d *Distribution) reset() {
	d.Count, d.Sum = 0, 0
	d.Bounds, d.Counts, d.Values = d.Bounds[:0], d.Counts[:0], d.Values[:0]
}

func (d *Distribution) copy(other *Distribution) {
	d.Count, d.Sum = other.Count, other.Sum
	d.Bounds = append(d.Bounds[:0], other.Bounds...)
	d.Counts = append(d.Counts[:0], other.Counts...)
	d.Values = append(d.Values[:0], other.Values...)
}

// accumulate adds a later histogram, or replaces the histogram if the bounds differ.
func (d *Distribution) accumulate(later *Distribution) {
	if !slices.Equal(d.Bounds, later.Bounds) {
		d.copy(later)
		return
	}
	d.Count += later.Count
	d.Sum += later.Sum
	for i := range d.Counts {
		d.Counts[i] += later.Counts[i]
	}
}

// setHistogram reports whether the bounds are numbers. Of equal bounds, it uses the first.
func (d *Distribution) setHistogram(p pmetric.HistogramDataPoint) bool {
	d.reset()
	d.Count, d.Sum = p.Count(), p.Sum()
	bounds, counts := p.ExplicitBounds(), p.BucketCounts()
	ascending := true
	for i := range bounds.Len() {
		bound := bounds.At(i)
		if math.IsNaN(bound) {
			return false
		}
		ascending = ascending && (i == 0 || d.Bounds[i-1] < bound)
		var count uint64
		if i < counts.Len() {
			count = counts.At(i)
		}
		d.Bounds, d.Counts = append(d.Bounds, bound), append(d.Counts, count)
	}
	if !ascending {
		d.sort()
	}
	var total uint64
	for i, count := range d.Counts {
		total += count
		d.Counts[i] = total
	}
	return true
}

// sort brings the bounds in order, before the counts are made cumulative.
func (d *Distribution) sort() {
	first := make(map[float64]uint64, len(d.Bounds))
	for i, bound := range slices.Backward(d.Bounds) {
		first[bound] = d.Counts[i]
	}
	slices.Sort(d.Bounds)
	d.Bounds = slices.Compact(d.Bounds)
	d.Counts = d.Counts[:0]
	for _, bound := range d.Bounds {
		d.Counts = append(d.Counts, first[bound])
	}
}

// setExponential keeps the sum and the count only: the text formats cannot express the
// buckets. Histograms that Prometheus could not accept in any format are invalid.
func (d *Distribution) setExponential(p pmetric.ExponentialHistogramDataPoint) error {
	d.reset()
	if p.Scale() < minScale {
		return errScale
	}
	d.Count = p.Count()
	if p.HasSum() {
		d.Sum = p.Sum()
	}
	population := p.ZeroCount()
	for _, buckets := range []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()} {
		counts := buckets.BucketCounts()
		for i := range counts.Len() {
			population += counts.At(i)
		}
	}
	if math.IsNaN(d.Sum) && population > d.Count || !math.IsNaN(d.Sum) && population != d.Count {
		return errPopulation
	}
	return nil
}

// setSummary reports whether the quantiles are numbers. Of equal quantiles, it uses the
// last.
func (d *Distribution) setSummary(p pmetric.SummaryDataPoint) bool {
	d.reset()
	d.Count, d.Sum = p.Count(), p.Sum()
	quantiles := p.QuantileValues()
	for i := range quantiles.Len() {
		q := quantiles.At(i)
		if math.IsNaN(q.Quantile()) {
			return false
		}
		at, found := slices.BinarySearch(d.Bounds, q.Quantile())
		if found {
			d.Values[at] = q.Value()
			continue
		}
		d.Bounds = slices.Insert(d.Bounds, at, q.Quantile())
		d.Values = slices.Insert(d.Values, at, q.Value())
	}
	return true
}
