package reader

import (
	"math"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func isHistogram(text *catalog.TextFamily) bool { return text.Kind == sandbox.Histogram }
func isSummary(text *catalog.TextFamily) bool   { return text.Kind == sandbox.Summary }

// assembly is a histogram or a summary whose samples are being read. They come
// one after another, as Prometheus' encoder writes them:
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
	seen   int // of values
	sum    float64
	hasSum bool
}

// maxParts is how many buckets a histogram has; summaries have fewer
// quantiles.
const maxParts = 11

// assemble takes one sample of a histogram or a summary.
func (p *pass) assemble() {
	besides, texts := "", catalog.BoundTexts
	switch p.part {
	case bucket:
		besides = "le"
	case quantile:
		besides, texts = "quantile", catalog.QuantileTexts
	default:
	}
	row, key, ok := p.locate(besides)
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
		a.add(p.label(besides), value, texts)
	case sum:
		a.broken = a.broken || a.hasSum || !isFinite(value)
		a.sum, a.hasSum = value, true
	default:
		p.completeAssembly(value)
	}
}

// add takes the next bucket or quantile, which has to be the next of texts.
func (a *assembly) add(text []byte, value float64, texts []string) {
	if a.seen == len(texts) || string(text) != texts[a.seen] || a.hasSum {
		a.broken = true
		return
	}
	a.values[a.seen] = value
	a.seen++
}

// label is the text of a label of the current sample, nil if it has none.
func (p *pass) label(name string) []byte {
	for i := range p.parsed.Labels {
		if string(p.parsed.Labels[i].Name) == name {
			return p.parsed.Labels[i].Value
		}
	}
	return nil
}

// abandonAssembly counts a distribution that did not get complete.
func (p *pass) abandonAssembly() {
	if p.assembly.active {
		p.dropped[Inconsistent]++
		p.assembly.active = false
	}
}

// completeAssembly takes the count, which comes last, and checks all of it.
func (p *pass) completeAssembly(observed float64) {
	a := &p.assembly
	if !a.hasSum || a.broken || !isCount(observed) || !a.fits(p.text, observed) {
		p.abandonAssembly()
		return
	}
	a.active = false
	if entry := p.put(a.key, observed); entry != nil {
		p.reader.distributionOf(entry).set(p.text, a, uint64(observed), p.reader.settings.naming == sandbox.Prometheus)
	}
}

// fits tells whether the parts are all there and agree with the count.
func (a *assembly) fits(text *catalog.TextFamily, observed float64) bool {
	if isSummary(text) {
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

// isCount tells whether a value is a whole number that is exact.
func isCount(value float64) bool {
	return value >= 0 && value <= 1<<53 && value == math.Trunc(value)
}

// distribution is the memory for a histogram or a summary in readings.
type distribution struct {
	sandbox.Distribution
	buckets   [maxParts]uint64
	quantiles [maxParts]sandbox.Quantile
}

// set fills in what was assembled.
func (d *distribution) set(text *catalog.TextFamily, a *assembly, observed uint64, prometheus bool) {
	d.Distribution = sandbox.Distribution{Count: observed, Sum: a.sum}
	if isSummary(text) {
		d.Quantiles = d.quantiles[:0]
		for i, at := range catalog.Quantiles {
			// A summary of nothing has no quantiles; Prometheus writes NaN.
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
