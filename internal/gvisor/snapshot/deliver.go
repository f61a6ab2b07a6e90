package snapshot

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// deliver appends the verified points to the reading, and between them zeros
// for counters that have never shown up.
func (v *Verifier) deliver(d *decoder, r *sandbox.Reading) {
	r.Time = d.when.UTC()
	zeros := zeros{verifier: v}
	if v.zeroFill {
		v.filled = true
		zeros.series = v.selection.Counters
	}
	r.Points = slices.Grow(r.Points, len(d.order)+len(zeros.series))
	for i := 0; i < len(d.order); {
		p := d.at(i)
		for zeros.before(p.series) {
			d.putZero(r, zeros.next())
		}
		if p.metric.Type == registration.Histogram {
			end := i + 1
			for end < len(d.order) && d.at(end).metric == p.metric {
				end++
			}
			d.putHistograms(r, i, end)
			i = end
			continue
		}
		r.Points = append(r.Points, sandbox.Point{
			Family: p.metric.Family,
			Labels: d.labelsOf(r, p.metric, p.series),
			Value:  sandbox.Int(p.value),
		})
		i++
	}
	for zeros.before(v.known.Series) {
		d.putZero(r, zeros.next())
	}
}

// zeros goes through the counters that may be filled and leaves out those that
// are remembered.
type zeros struct {
	verifier *Verifier
	// series are the counters not looked at yet.
	series []uint32
	// j is the place among the remembered series.
	j int
}

// before steps to the next counter to be filled, and tells whether there is one
// below limit.
func (z *zeros) before(limit uint32) bool {
	known := z.verifier.series
	for ; len(z.series) > 0 && z.series[0] < limit; z.series = z.series[1:] {
		for z.j < len(known) && known[z.j].number() < z.series[0] {
			z.j++
		}
		if z.j == len(known) || known[z.j].number() != z.series[0] {
			return true
		}
	}
	return false
}

func (z *zeros) next() uint32 {
	series := z.series[0]
	z.series = z.series[1:]
	return series
}

func (d *decoder) putZero(r *sandbox.Reading, series uint32) {
	metric := d.known.MetricOf(series)
	r.Points = append(r.Points, sandbox.Point{
		Family: metric.Family,
		Labels: d.labelsOf(r, metric, series),
	})
}

// labelsOf puts the label values of a series into the reading's memory.
func (d *decoder) labelsOf(r *sandbox.Reading, metric *registration.Metric, series uint32) []string {
	if len(metric.Fields) == 0 {
		return nil
	}
	d.labels = metric.Labels(d.labels[:0], series)
	return r.Labels(d.labels...)
}

// putHistograms appends the histograms from..to of one metric, and then, family
// by family, what histograms have no place for in the naming "prometheus".
func (d *decoder) putHistograms(r *sandbox.Reading, from, to int) {
	for i := from; i < to; i++ {
		p := d.at(i)
		h := &d.histograms[p.histogram]
		r.Points = append(r.Points, sandbox.Point{
			Family: p.metric.Family,
			Labels: d.labelsOf(r, p.metric, p.series),
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
				Labels: d.labelsOf(r, p.metric, p.series),
				Value:  part.value(&d.histograms[p.histogram]),
			})
		}
	}
}

// noSamples stands in for the values of a histogram where they do not count.
var noSamples = &sandbox.Distribution{}

// Series appends one point for each series that Read has yielded since the last
// call of Series. Their values do not count. What later snapshots are compared
// with stays.
func (v *Verifier) AppendSeries(r *sandbox.Reading) {
	var delivered []uint32
	zeros := zeros{verifier: v}
	if v.filled {
		zeros.series = v.selection.Counters
	}
	for i, s := range v.series {
		for zeros.before(s.number()) {
			delivered = append(delivered, zeros.next())
		}
		if s.isDelivered() {
			delivered = append(delivered, s.number())
			v.series[i] &^= 1
		}
	}
	for zeros.before(v.known.Series) {
		delivered = append(delivered, zeros.next())
	}
	v.filled = false

	for len(delivered) > 0 {
		metric := v.known.MetricOf(delivered[0])
		n := 1
		for n < len(delivered) && delivered[n] < metric.First+metric.Series {
			n++
		}
		families := []*sandbox.Family{metric.Family}
		if metric.Type == registration.Histogram {
			families = append(families, metric.Min, metric.Max, metric.SSD)
		}
		for i, family := range families {
			for _, series := range delivered[:n] {
				point := sandbox.Point{Family: family, Labels: r.Labels(metric.Labels(nil, series)...)}
				if i == 0 && metric.Type == registration.Histogram {
					point.Distribution = noSamples
				}
				r.Points = append(r.Points, point)
			}
		}
		delivered = delivered[n:]
	}
}
