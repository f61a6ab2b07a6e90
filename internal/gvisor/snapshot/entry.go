package snapshot

import (
	"fmt"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// entry is one entry of a snapshot as it stands there. Its slices hold while
// the scanner is anchored at the entry.
type entry struct {
	seen       jsonscan.Seen
	name, help []byte
	kind       int64
	value      number
	histogram  entryHistogram

	labels, externalLabels []label
}

type label struct {
	key, value []byte
}

// number is {"int":1}, {"float":1.5}, or {} for zero.
type number struct {
	seen    jsonscan.Seen
	integer int64
	float   float64
}

type entryHistogram struct {
	seen                 jsonscan.Seen
	total, min, max, ssd number
	buckets              []bucket
}

type bucket struct {
	// bound is the raw value of "le"; nil without one.
	bound []byte
	count uint64
}

const (
	// mostLabels is more than any metric has fields.
	mostLabels = 64
	// mostBuckets is one more than any histogram has buckets.
	mostBuckets = 257
)

func (e *entry) clear() {
	clear(e.labels)
	clear(e.externalLabels)
	clear(e.histogram.buckets)
	buckets := e.histogram.buckets[:0]
	*e = entry{labels: e.labels[:0], externalLabels: e.externalLabels[:0]}
	e.histogram.buckets = buckets
}

var (
	entryFields     = jsonscan.NewFields("metric", "labels", "external_labels", "val", "histogram")
	metricFields    = jsonscan.NewFields("name", "type", "help")
	numberFields    = jsonscan.NewFields("int", "float")
	histogramFields = jsonscan.NewFields("total", "min", "max", "ssd", "buckets")
	bucketFields    = jsonscan.NewFields("le", "n")
)

const (
	entryMetric = iota
	entryLabels
	entryExternalLabels
	entryValue
	entryOfHistogram
)

const (
	numberInt = iota
	numberFloat
)

// anyEntry reads the next entry, whatever it looks like.
func (d *decoder) anyEntry() {
	s, e := &d.scan, &d.entry
	e.clear()
	s.Anchor()
	for s.OpenObject(); ; {
		field, more := s.NextField(entryFields, &e.seen)
		if !more {
			break
		}
		switch field {
		case entryMetric:
			d.readMetric()
		case entryLabels:
			d.readLabels(&e.labels)
		case entryExternalLabels:
			// Legal, and meant for others who pass a snapshot on. A sandbox has
			// no say in who it is, so they are dropped.
			d.readLabels(&e.externalLabels)
		case entryValue:
			readNumber(s, &e.value)
		case entryOfHistogram:
			d.readHistogram()
		}
	}
	if s.Err() == nil {
		d.addEntry()
	}
	s.Release()
}

func (d *decoder) readMetric() {
	s, e := &d.scan, &d.entry
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(metricFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			e.name = s.String()
		case 1:
			e.kind = s.Int64()
		case 2:
			e.help = s.String()
		}
	}
}

func (d *decoder) readLabels(labels *[]label) {
	s, e := &d.scan, &d.entry
	for s.OpenObject(); ; {
		key, more := s.NextKey()
		if !more {
			return
		}
		for _, other := range *labels {
			if string(other.key) == string(key) {
				d.refuse(RuleFormat, e.name, fmt.Sprintf("the label %.100q is there twice", key))
				return
			}
		}
		if len(*labels) == mostLabels {
			d.refuse(RuleLabelCount, e.name, fmt.Sprintf("more than %d labels", mostLabels))
			return
		}
		*labels = append(*labels, label{key, s.String()})
	}
}

func readNumber(s *jsonscan.Scanner, n *number) {
	for s.OpenObject(); ; {
		field, more := s.NextField(numberFields, &n.seen)
		if !more {
			return
		}
		switch field {
		case numberInt:
			n.integer = s.Int64()
		case numberFloat:
			n.float = s.Float64()
		}
	}
}

func (d *decoder) readHistogram() {
	s, h := &d.scan, &d.entry.histogram
	for s.OpenObject(); ; {
		field, more := s.NextField(histogramFields, &h.seen)
		if !more {
			return
		}
		switch field {
		case 0:
			readNumber(s, &h.total)
		case 1:
			readNumber(s, &h.min)
		case 2:
			readNumber(s, &h.max)
		case 3:
			readNumber(s, &h.ssd)
		case 4:
			for s.OpenArray(); s.NextElement(); {
				d.readBucket()
			}
		}
	}
}

func (d *decoder) readBucket() {
	s, h := &d.scan, &d.entry.histogram
	var b bucket
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(bucketFields, &seen)
		if !more {
			break
		}
		switch field {
		case 0:
			b.bound = s.Raw()
		case 1:
			b.count = s.Uint64()
		}
	}
	if len(h.buckets) == mostBuckets {
		d.refuse(RuleBucketCount, d.entry.name, fmt.Sprintf("more than %d buckets", mostBuckets))
		return
	}
	h.buckets = append(h.buckets, b)
}

// addEntry checks the entry and adds its point.
func (d *decoder) addEntry() {
	e := &d.entry
	metric := d.checkDefinition()
	if metric == nil {
		return
	}
	series, ok := d.checkLabels(metric)
	if !ok {
		return
	}
	p := point{metric: metric, series: series}
	hasValue, hasHistogram := e.seen.Has(entryValue), e.seen.Has(entryOfHistogram)
	if hasValue && hasHistogram {
		d.refuseMetric(RuleValue, metric, "it has a number and a histogram")
		return
	}
	if metric.Type == registration.Histogram {
		if !hasHistogram {
			d.refuseMetric(RuleValue, metric, "it has no histogram")
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
		d.refuseMetric(RuleValue, metric, "it has no number")
		return
	}
	if p.value, ok = d.checkInteger(metric, "the value", &e.value); ok {
		d.add(p)
	}
}

// checkDefinition finds the metric, if the entry describes it as registered.
func (d *decoder) checkDefinition() *registration.Metric {
	e := &d.entry
	metric := d.known.Find(e.name)
	switch {
	case !e.seen.Has(entryMetric):
		d.refuse(RuleUnknownMetric, nil, "an entry names no metric")
	case metric == nil:
		d.refuse(RuleUnknownMetric, e.name, "it is not registered")
	case e.kind != int64(metric.Type):
		d.refuseMetric(RuleType, metric, fmt.Sprintf("type %d instead of %d (%s)", e.kind, metric.Type, metric.Type))
	case string(e.help) != metric.Help:
		d.refuseMetric(RuleHelp, metric, fmt.Sprintf("its help is %.100q instead of %.100q", e.help, metric.Help))
	default:
		return metric
	}
	return nil
}

// checkLabels finds the series that the labels belong to.
func (d *decoder) checkLabels(metric *registration.Metric) (series uint32, ok bool) {
	e := &d.entry
	if len(e.labels) != len(metric.Fields) {
		d.refuseMetric(RuleLabelCount, metric, fmt.Sprintf("%d labels instead of %d", len(e.labels), len(metric.Fields)))
		return 0, false
	}
	series = metric.First
	for i := range metric.Fields {
		field := &metric.Fields[i]
		value, found := e.label(field.Key)
		if !found {
			d.refuseMetric(RuleLabelMissing, metric, fmt.Sprintf("the label %q is missing", field.Key))
			return 0, false
		}
		ordinal, allowed := field.Ordinal(value)
		if !allowed {
			d.refuseMetric(RuleLabelValue, metric, fmt.Sprintf("the label %q has the value %.100q, which is not registered", field.Key, value))
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

func (d *decoder) checkInteger(metric *registration.Metric, what string, n *number) (int64, bool) {
	if n.seen.Has(numberFloat) {
		d.refuseMetric(RuleInteger, metric, what+" is not a single integer")
		return 0, false
	}
	return n.integer, true
}

// checkHistogram checks the histogram of the entry and keeps it.
func (d *decoder) checkHistogram(metric *registration.Metric) bool {
	e := &d.entry.histogram
	if len(e.buckets) != metric.Buckets() {
		d.refuseMetric(RuleBucketCount, metric, fmt.Sprintf("%d buckets instead of %d", len(e.buckets), metric.Buckets()))
		return false
	}
	h := histogram{first: len(d.counts)}
	// gVisor's verifier also takes an integer that is zero, which is how a sum
	// of exactly zero is written.
	if e.ssd.integer != 0 || e.ssd.seen.Has(numberInt) && e.ssd.seen.Has(numberFloat) {
		d.refuseMetric(RuleSSD, metric, "the sum of squared deviations is not a single floating-point number")
		return false
	}
	h.ssd = e.ssd.float
	var ok [3]bool
	h.total, ok[0] = d.checkInteger(metric, "the total", &e.total)
	h.min, ok[1] = d.checkInteger(metric, "the minimum", &e.min)
	h.max, ok[2] = d.checkInteger(metric, "the maximum", &e.max)
	if ok != [3]bool{true, true, true} {
		return false
	}
	for i, b := range e.buckets {
		if i < len(metric.Bounds) && !d.isBound(b.bound, metric.Bounds[i]) {
			d.refuseMetric(RuleBucketBound, metric, fmt.Sprintf("bucket %d does not have the bound %d", i, metric.Bounds[i]))
			return false
		}
		const most = 1<<63 - 1
		if b.count > most-h.count {
			d.refuseMetric(RuleBucketSum, metric, "its buckets hold 2⁶³ samples or more")
			return false
		}
		h.count += b.count
		d.counts = append(d.counts, b.count)
	}
	d.histograms = append(d.histograms, h)
	return true
}

// isBound tells whether the raw JSON is the number that is wanted.
func (d *decoder) isBound(raw []byte, want int64) bool {
	var n number
	d.bound.ResetBytes(raw, jsonscan.Limits{})
	readNumber(&d.bound, &n)
	d.bound.End()
	return d.bound.Err() == nil && !n.seen.Has(numberFloat) && n.integer == want
}
