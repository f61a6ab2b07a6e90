package reader

import (
	"math"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func isHistogram(family *catalog.TextFamily) bool { return family.Kind == sandbox.Histogram }
func isSummary(family *catalog.TextFamily) bool   { return family.Kind == sandbox.Summary }

// assembly collects the samples of one histogram or summary. They are
// consecutive, as Prometheus' encoder writes them:
//
//	…_bucket{action="wait",le="1"} 0
//	…_bucket{action="wait",le="+Inf"} 2
//	…_sum{action="wait"} 8
//	…_count{action="wait"} 2
type assembly struct {
	active bool
	broken bool
	row    *catalog.Row
	key    seriesKey
	values [maxParts]float64
	seen   int // number of values
	sum    float64
	hasSum bool
}

// maxParts is the number of buckets of a histogram. Summaries have fewer
// quantiles.
const maxParts = 11

// assemble accepts one sample of a histogram or summary.
func (p *pass) assemble() {
	partLabel, bounds := "", catalog.BoundTexts
	switch p.part {
	case bucket:
		partLabel = "le"
	case quantile:
		partLabel, bounds = "quantile", catalog.QuantileTexts
	default:
	}
	row, key, ok := p.locate(partLabel)
	if !ok {
		return
	}
	a := &p.assembly
	if a.active && a.key != key {
		p.abandonAssembly()
	}
	if !a.active {
		*a = assembly{active: true, row: row, key: key}
	}
	value := p.parsed.Value
	switch p.part {
	case bucket, quantile:
		a.add(p.label(partLabel), value, bounds)
	case sum:
		a.broken = a.broken || a.hasSum || !isFinite(value)
		a.sum, a.hasSum = value, true
	default:
		p.completeAssembly(value)
	}
}

// add adds the next bucket or quantile. Its bound must be the next of bounds.
func (a *assembly) add(bound []byte, value float64, bounds []string) {
	if a.seen == len(bounds) || string(bound) != bounds[a.seen] || a.hasSum {
		a.broken = true
		return
	}
	a.values[a.seen] = value
	a.seen++
}

// label returns the value of a label of the current sample, nil if the sample
// lacks the label.
func (p *pass) label(name string) []byte {
	for i := range p.parsed.Labels {
		if string(p.parsed.Labels[i].Name) == name {
			return p.parsed.Labels[i].Value
		}
	}
	return nil
}

// abandonAssembly drops a histogram or summary that is incomplete or
// inconsistent.
func (p *pass) abandonAssembly() {
	if p.assembly.active {
		p.dropped[Inconsistent]++
		p.assembly.active = false
	}
}

// completeAssembly accepts the count, which comes last, and checks all parts.
func (p *pass) completeAssembly(observed float64) {
	a := &p.assembly
	if !a.hasSum || a.broken || !isCount(observed) || !a.consistent(p.family, observed) {
		p.abandonAssembly()
		return
	}
	a.active = false
	if entry := p.put(a.key, observed); entry != nil {
		p.reader.distributionOf(entry).set(p.family, a, uint64(observed), p.reader.settings.naming == sandbox.Prometheus)
	}
}

// consistent reports whether all parts are present and agree with the count.
func (a *assembly) consistent(family *catalog.TextFamily, observed float64) bool {
	if isSummary(family) {
		return a.seen == len(catalog.QuantileTexts)
	}
	if a.seen != len(catalog.BoundTexts) || a.values[a.seen-1] != observed {
		return false
	}
	last := 0.
	for _, value := range a.values[:a.seen] {
		if !isCount(value) || value < last {
			return false
		}
		last = value
	}
	return true
}

// isCount reports whether a value is a whole, nonnegative number that a float64
// represents exactly.
func isCount(value float64) bool {
	return value >= 0 && value <= 1<<53 && value == math.Trunc(value)
}

// distribution is the last value of a histogram or summary, with the memory for
// its slices. Readings get a copy.
type distribution struct {
	sandbox.Distribution
	buckets   [maxParts]uint64
	quantiles [maxParts]sandbox.Quantile
}

// set replaces the distribution with the assembled parts.
func (d *distribution) set(family *catalog.TextFamily, a *assembly, observed uint64, prometheus bool) {
	d.Distribution = sandbox.Distribution{Count: observed, Sum: a.sum}
	if isSummary(family) {
		d.Quantiles = d.quantiles[:0]
		for i, at := range catalog.Quantiles {
			// The quantiles of an empty summary are undefined. Prometheus
			// writes NaN.
			if value := a.values[i]; prometheus || isFinite(value) {
				d.Quantiles = append(d.Quantiles, sandbox.Quantile{Quantile: at, Value: value})
			}
		}
		return
	}
	d.Bounds = catalog.Bounds
	d.Buckets = d.buckets[:a.seen]
	last := uint64(0)
	for i, value := range a.values[:a.seen] {
		d.buckets[i] = uint64(value) - last
		last = uint64(value)
	}
}
