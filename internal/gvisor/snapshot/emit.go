package snapshot

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// emit appends the verified points to the reading, and between them zeros for the
// counters to fill that are missing in the snapshot so far.
func (v *Verifier) emit(d *decoder, r *sandbox.Reading) {
	r.Time = d.when.UTC()
	zeros := untracked{verifier: v, counters: v.selection.Counters, left: max(0, v.maxPoints-len(v.series))}
	r.Points = slices.Grow(r.Points, len(d.order)+min(len(zeros.counters), zeros.left))
	for i := 0; i < len(d.order); {
		p := d.at(i)
		for zeros.moreBelow(p.series) {
			d.emitZero(r, zeros.next())
		}
		if p.metric.Type == registration.Histogram {
			end := i + 1
			for end < len(d.order) && d.at(end).metric == p.metric {
				end++
			}
			d.emitHistograms(r, i, end)
			i = end
			continue
		}
		r.Points = append(r.Points, sandbox.Point{
			Family: p.metric.Family,
			Labels: d.labelValues(r, p.metric, p.series),
			Value:  sandbox.Int(p.value),
		})
		i++
	}
	for zeros.moreBelow(v.reg.Series) {
		d.emitZero(r, zeros.next())
	}
	v.zeroEnd = max(v.zeroEnd, zeros.end)
}

// untracked iterates over the counters that have never occurred, by ascending
// series.
//
// The limit on points holds for zeros and tracked series together. A series that
// becomes tracked takes the place of its own zero, or else that of the last one,
// so a zero that made room for a value does not return.
type untracked struct {
	verifier *Verifier
	// counters are the counters that remain, tracked or not.
	counters []uint32
	// left is the number of counters that may still be returned.
	left int
	// j is the index in the tracked series.
	j int
	// end is the last returned counter, plus 1.
	end uint32
}

// moreBelow skips tracked counters, and reports whether there is an untracked
// one below limit.
func (u *untracked) moreBelow(limit uint32) bool {
	tracked := u.verifier.series
	for ; u.left > 0 && len(u.counters) > 0 && u.counters[0] < limit; u.counters = u.counters[1:] {
		for u.j < len(tracked) && tracked[u.j].number() < u.counters[0] {
			u.j++
		}
		if u.j == len(tracked) || tracked[u.j].number() != u.counters[0] {
			return true
		}
	}
	return false
}

// next returns the counter that moreBelow has found.
func (u *untracked) next() uint32 {
	series := u.counters[0]
	u.counters = u.counters[1:]
	u.left--
	u.end = series + 1
	return series
}

func (d *decoder) emitZero(r *sandbox.Reading, series uint32) {
	metric := d.reg.MetricOf(series)
	r.Points = append(r.Points, sandbox.Point{
		Family: metric.Family,
		Labels: d.labelValues(r, metric, series),
	})
}

// labelValues returns the label values of a series, in the memory of the
// reading.
func (d *decoder) labelValues(r *sandbox.Reading, metric *registration.Metric, series uint32) []string {
	if len(metric.Fields) == 0 {
		return nil
	}
	d.labels = appendLabels(d.labels[:0], metric, series, d.syscalls)
	return r.Labels(d.labels...)
}

// appendLabels appends the label values of a series, and the name of the system
// call that it counts. A number without a known name has no such label.
func appendLabels(values []string, metric *registration.Metric, series uint32, names *syscalls.Names) []string {
	values = metric.Labels(values, series)
	if metric.CountsSyscalls {
		if name := names.Of(values[len(values)-1]); name != "" {
			values = append(values, name)
		}
	}
	return values
}

// emitHistograms appends the histograms of one metric, which are the points with
// indexes from and up to to, and then, family by family, the values that a
// histogram in the naming "prometheus" cannot carry.
func (d *decoder) emitHistograms(r *sandbox.Reading, from, to int) {
	for i := from; i < to; i++ {
		p := d.at(i)
		h := &d.histograms[p.histogram]
		r.Points = append(r.Points, sandbox.Point{
			Family: p.metric.Family,
			Labels: d.labelValues(r, p.metric, p.series),
			Distribution: &sandbox.Distribution{
				Count: h.count,
				Sum:   float64(h.total),
				Min:   float64(h.min), Max: float64(h.max), HasRange: h.count > 0,
				Bounds:  p.metric.FloatBounds,
				Buckets: slices.Clone(d.buckets(p)),
			},
		})
	}
	for _, part := range []struct {
		family *sandbox.Family
		value  func(h *histogram) sandbox.Number
	}{
		{d.at(from).metric.Min, func(h *histogram) sandbox.Number { return sandbox.Int(h.min) }},
		{d.at(from).metric.Max, func(h *histogram) sandbox.Number { return sandbox.Int(h.max) }},
		{d.at(from).metric.SSD, func(h *histogram) sandbox.Number { return sandbox.Float(h.ssd) }},
	} {
		for i := from; i < to; i++ {
			p := d.at(i)
			r.Points = append(r.Points, sandbox.Point{
				Family: part.family,
				Labels: d.labelValues(r, p.metric, p.series),
				Value:  part.value(&d.histograms[p.histogram]),
			})
		}
	}
}

// emptyDistribution is the value of a histogram in [Verifier.AppendSeries].
var emptyDistribution = &sandbox.Distribution{}

// AppendSeries appends one point, with a meaningless value, for each series that
// Read has emitted since the last call of AppendSeries. It does not change the
// values with which later snapshots are compared.
func (v *Verifier) AppendSeries(r *sandbox.Reading) {
	for emitted := v.takeEmitted(); len(emitted) > 0; {
		metric := v.reg.MetricOf(emitted[0])
		n := 1
		for n < len(emitted) && emitted[n] < metric.First+metric.Series {
			n++
		}
		families := []*sandbox.Family{metric.Family}
		if metric.Type == registration.Histogram {
			families = append(families, metric.Min, metric.Max, metric.SSD)
		}
		for i, family := range families {
			for _, series := range emitted[:n] {
				point := sandbox.Point{Family: family, Labels: r.Labels(appendLabels(nil, metric, series, v.syscalls)...)}
				if i == 0 && metric.Type == registration.Histogram {
					point.Distribution = emptyDistribution
				}
				r.Points = append(r.Points, point)
			}
		}
		emitted = emitted[n:]
	}
}

// takeEmitted returns the series that were emitted since the last call, in
// ascending order.
func (v *Verifier) takeEmitted() []uint32 {
	var emitted []uint32
	// Zeros were emitted for all counters below zeroEnd that had not occurred.
	filled, _ := slices.BinarySearch(v.selection.Counters, v.zeroEnd)
	zeros := untracked{verifier: v, counters: v.selection.Counters[:filled], left: filled}
	for i, s := range v.series {
		for zeros.moreBelow(s.number()) {
			emitted = append(emitted, zeros.next())
		}
		if s.emitted() {
			emitted = append(emitted, s.number())
			v.series[i] &^= 1
		}
	}
	for zeros.moreBelow(v.reg.Series) {
		emitted = append(emitted, zeros.next())
	}
	v.zeroEnd = 0
	return emitted
}
