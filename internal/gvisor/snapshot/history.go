package snapshot

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// trackedSeries is the number of a series, shifted by one bit, and in its lowest
// bit whether the series was emitted since the last [Verifier.AppendSeries].
type trackedSeries uint32

func (s trackedSeries) number() uint32 { return uint32(s >> 1) }
func (s trackedSeries) emitted() bool  { return s&1 != 0 }

// trackedHistogram is the last value of a histogram.
type trackedHistogram struct {
	series   uint32
	count    uint64
	min, max int64
	ssd      float64
	buckets  []uint64
}

// checkPoints compares the points, in order, with each other and with the last
// values. It returns the number of new series.
func (v *Verifier) checkPoints(d *decoder) (added int, err error) {
	j := 0
	for i := range d.order {
		p := d.at(i)
		if i > 0 && d.at(i-1).series == p.series {
			return 0, &Violation{Rule: RuleDuplicateSeries, Metric: p.metric.Name, Detail: "two values for the same labels"}
		}
		for j < len(v.series) && v.series[j].number() < p.series {
			j++
		}
		tracked := j < len(v.series) && v.series[j].number() == p.series
		if !tracked {
			added++
		}
		switch p.metric.Type {
		case registration.Counter:
			var last int64
			if tracked {
				last = v.values[j]
			}
			if p.value < last {
				return 0, &Violation{
					Rule: RuleCounterDecreased, Metric: p.metric.Name,
					Detail: "from " + strconv.FormatInt(last, 10) + " to " + strconv.FormatInt(p.value, 10),
				}
			}
		case registration.Histogram:
			if err := v.checkHistogram(d, p); err != nil {
				return 0, err
			}
		}
	}
	if len(v.series)+added > v.maxPoints {
		return 0, &Violation{Rule: RuleSeries, Detail: "more than " + strconv.Itoa(v.maxPoints) + " series in all snapshots together"}
	}
	return added, nil
}

func (v *Verifier) findHistogram(series uint32) (int, bool) {
	return slices.BinarySearchFunc(v.histograms, series, func(h trackedHistogram, series uint32) int {
		return cmp.Compare(h.series, series)
	})
}

// checkHistogram compares a histogram with its last value.
func (v *Verifier) checkHistogram(d *decoder, p *point) error {
	i, tracked := v.findHistogram(p.series)
	if !tracked {
		return nil
	}
	last, h := &v.histograms[i], &d.histograms[p.histogram]
	violation := func(rule Rule, from, to string) error {
		return &Violation{Rule: rule, Metric: p.metric.Name, Detail: "from " + from + " to " + to}
	}
	formatInt := func(value int64) string { return strconv.FormatInt(value, 10) }
	formatFloat := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	switch {
	case last.count >= 1 && h.min > last.min:
		return violation(RuleMinimumRose, formatInt(last.min), formatInt(h.min))
	case last.count >= 1 && h.max < last.max:
		return violation(RuleMaximumFell, formatInt(last.max), formatInt(h.max))
	case last.count >= 2 && h.ssd < last.ssd:
		return violation(RuleSSDFell, formatFloat(last.ssd), formatFloat(h.ssd))
	}
	for b, count := range d.buckets(p) {
		if count < last.buckets[b] {
			return &Violation{Rule: RuleBucketDecreased, Metric: p.metric.Name, Detail: "bucket " + strconv.Itoa(b) +
				" from " + strconv.FormatUint(last.buckets[b], 10) + " to " + strconv.FormatUint(count, 10)}
		}
	}
	return nil
}

// buckets returns the counts of a point's histogram.
func (d *decoder) buckets(p *point) []uint64 {
	first := d.histograms[p.histogram].first
	return d.counts[first : first+p.metric.Buckets()]
}

// commit stores the values of a verified snapshot, with the given number of new
// series.
func (v *Verifier) commit(d *decoder, added int) {
	v.last = d.when.UnixNano()
	if added > 0 {
		v.mergeSeries(d, added)
	}
	j := 0
	for i := range d.order {
		p := d.at(i)
		for v.series[j].number() < p.series {
			j++
		}
		v.series[j] |= 1
		v.values[j] = p.value
		if p.metric.Type == registration.Histogram {
			v.commitHistogram(d, p)
		}
	}
}

// mergeSeries adds the new series of the points to the tracked series. It
// allocates exactly the memory they need, because new series are rare and there
// is one verifier per sandbox.
func (v *Verifier) mergeSeries(d *decoder, added int) {
	series := make([]trackedSeries, 0, len(v.series)+added)
	values := make([]int64, 0, len(v.series)+added)
	j := 0
	for i := range d.order {
		number := d.at(i).series
		for j < len(v.series) && v.series[j].number() < number {
			series, values = append(series, v.series[j]), append(values, v.values[j])
			j++
		}
		if j < len(v.series) && v.series[j].number() == number {
			continue
		}
		series, values = append(series, trackedSeries(number)<<1), append(values, 0)
	}
	v.series, v.values = append(series, v.series[j:]...), append(values, v.values[j:]...)
}

func (v *Verifier) commitHistogram(d *decoder, p *point) {
	i, tracked := v.findHistogram(p.series)
	if !tracked {
		v.histograms = slices.Insert(v.histograms, i, trackedHistogram{
			series:  p.series,
			buckets: make([]uint64, p.metric.Buckets()),
		})
	}
	last, h := &v.histograms[i], &d.histograms[p.histogram]
	last.count, last.min, last.max, last.ssd = h.count, h.min, h.max, h.ssd
	copy(last.buckets, d.buckets(p))
}
