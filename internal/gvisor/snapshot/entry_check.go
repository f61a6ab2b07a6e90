package snapshot

import (
	"fmt"
	"math"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// addEntry verifies the entry against the registration and adds its point.
func (d *decoder) addEntry() {
	e := &d.entry
	metric := d.reg.Find(e.name)
	if metric != nil && metric.Dropped {
		d.dropped++
		return
	}
	if metric = d.checkDefinition(); metric == nil {
		return
	}
	series, ok := d.checkLabels(metric)
	if !ok {
		return
	}
	p := point{metric: metric, series: series}
	hasValue, hasHistogram := e.seen.Has(fieldValue), e.seen.Has(fieldHistogram)
	if hasValue && hasHistogram {
		d.rejectMetric(RuleValue, metric, "has both a number and a histogram")
		return
	}
	if metric.Type == registration.Histogram {
		if !hasHistogram {
			d.rejectMetric(RuleValue, metric, "has no histogram")
			return
		}
		if !d.checkHistogram(metric) {
			return
		}
		p.histogram = uint32(len(d.histograms) - 1)
		d.add(p)
		return
	}
	if !hasValue {
		d.rejectMetric(RuleValue, metric, "has no number")
		return
	}
	if p.value, ok = d.checkInteger(metric, "value", &e.value); ok {
		d.add(p)
	}
}

// checkDefinition returns the registered metric of the entry, or nil if there is
// none or its type or help differs.
func (d *decoder) checkDefinition() *registration.Metric {
	e := &d.entry
	metric := d.reg.Find(e.name)
	switch {
	case !e.seen.Has(fieldMetric):
		d.reject(RuleUnknownMetric, nil, "entry without a metric")
	case metric == nil:
		d.reject(RuleUnknownMetric, e.name, "not registered")
	case e.kind != int64(metric.Type):
		d.rejectMetric(RuleType, metric, fmt.Sprintf("type %d instead of %d (%s)", e.kind, metric.Type, metric.Type))
	case string(e.help) != metric.Help:
		d.rejectMetric(RuleHelp, metric, fmt.Sprintf("help text %.100q instead of %.100q", e.help, metric.Help))
	default:
		return metric
	}
	return nil
}

// checkLabels returns the series that the labels select.
func (d *decoder) checkLabels(metric *registration.Metric) (series uint32, ok bool) {
	e := &d.entry
	if len(e.labels) != len(metric.Fields) {
		d.rejectMetric(RuleLabelCount, metric, fmt.Sprintf("%d labels instead of %d", len(e.labels), len(metric.Fields)))
		return 0, false
	}
	series = metric.First
	for i := range metric.Fields {
		field := &metric.Fields[i]
		value, found := e.label(field.Key)
		if !found {
			d.rejectMetric(RuleLabelMissing, metric, fmt.Sprintf("label %q is missing", field.Key))
			return 0, false
		}
		ordinal, allowed := field.Ordinal(value)
		if !allowed {
			d.rejectMetric(RuleLabelValue, metric, fmt.Sprintf("label %q has the unregistered value %.100q", field.Key, value))
			return 0, false
		}
		series += field.Offset(ordinal)
	}
	return series, true
}

func (e *entry) label(key string) (value []byte, found bool) {
	for _, label := range e.labels {
		if string(label.key) == key {
			return label.value, true
		}
	}
	return nil, false
}

// checkInteger returns the value of a number that must be an integer.
func (d *decoder) checkInteger(metric *registration.Metric, what string, n *number) (int64, bool) {
	if n.seen.Has(fieldFloat) {
		d.rejectMetric(RuleInteger, metric, what+" is not a single integer")
		return 0, false
	}
	return n.integer, true
}

// checkHistogram verifies the histogram of the entry and stores it.
func (d *decoder) checkHistogram(metric *registration.Metric) bool {
	e := &d.entry.histogram
	if len(e.buckets) != metric.Buckets() {
		d.rejectMetric(RuleBucketCount, metric, fmt.Sprintf("%d buckets instead of %d", len(e.buckets), metric.Buckets()))
		return false
	}
	h := histogram{first: len(d.counts)}
	// gVisor's verifier also accepts an integer that is zero, because it is the
	// encoding of a sum of exactly zero.
	if e.ssd.integer != 0 || e.ssd.seen.Has(fieldInt) && e.ssd.seen.Has(fieldFloat) {
		d.rejectMetric(RuleSSD, metric, "ssd is not a single floating-point number")
		return false
	}
	h.ssd = e.ssd.float
	var ok [3]bool
	h.total, ok[0] = d.checkInteger(metric, "total", &e.total)
	h.min, ok[1] = d.checkInteger(metric, "minimum", &e.min)
	h.max, ok[2] = d.checkInteger(metric, "maximum", &e.max)
	if ok != [3]bool{true, true, true} {
		return false
	}
	for i, b := range e.buckets {
		if i < len(metric.Bounds) && !d.isBound(b.bound, metric.Bounds[i]) {
			d.rejectMetric(RuleBucketBound, metric, fmt.Sprintf("bucket %d does not have bound %d", i, metric.Bounds[i]))
			return false
		}
		if b.count > math.MaxInt64-h.count {
			d.rejectMetric(RuleBucketSum, metric, "buckets count 2⁶³ observations or more")
			return false
		}
		h.count += b.count
		d.counts = append(d.counts, b.count)
	}
	d.histograms = append(d.histograms, h)
	return true
}

// isBound reports whether the raw JSON is the number want.
func (d *decoder) isBound(raw []byte, want int64) bool {
	var n number
	d.bound.ResetBytes(raw, jsonscan.Limits{})
	readNumber(&d.bound, &n)
	d.bound.End()
	return d.bound.Err() == nil && !n.seen.Has(fieldFloat) && n.integer == want
}
