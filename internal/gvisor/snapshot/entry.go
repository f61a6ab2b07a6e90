package snapshot

import (
	"fmt"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// entry is one entry of a snapshot, decoded but not verified. Its slices are
// valid while the scanner is anchored at the entry.
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
	// bound is the raw JSON value of "le", or nil if it is missing.
	bound []byte
	count uint64
}

const (
	// maxLabels is more than the number of fields of any metric.
	maxLabels = 64
	// maxBuckets is one more than the number of buckets of any histogram.
	maxBuckets = 257
)

// clear empties the entry and keeps the memory of its slices.
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
	fieldMetric = iota
	fieldLabels
	fieldExternalLabels
	fieldValue
	fieldHistogram
)

const (
	fieldInt = iota
	fieldFloat
)

// readEntry reads the next entry, in any form.
func (d *decoder) readEntry() {
	s, e := &d.scan, &d.entry
	e.clear()
	s.Anchor()
	for s.OpenObject(); ; {
		field, more := s.NextField(entryFields, &e.seen)
		if !more {
			break
		}
		switch field {
		case fieldMetric:
			d.readMetric()
		case fieldLabels:
			d.readLabels(&e.labels)
		case fieldExternalLabels:
			// gVisor's format allows external labels, for programs that relay
			// snapshots. A sandbox must not set its own identity, so they are
			// dropped.
			d.readLabels(&e.externalLabels)
		case fieldValue:
			readNumber(s, &e.value)
		case fieldHistogram:
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
				d.reject(RuleFormat, e.name, fmt.Sprintf("label %.100q occurs twice", key))
				return
			}
		}
		if len(*labels) == maxLabels {
			d.reject(RuleLabelCount, e.name, fmt.Sprintf("more than %d labels", maxLabels))
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
		case fieldInt:
			n.integer = s.Int64()
		case fieldFloat:
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
	if len(h.buckets) == maxBuckets {
		d.reject(RuleBucketCount, d.entry.name, fmt.Sprintf("more than %d buckets", maxBuckets))
		return
	}
	h.buckets = append(h.buckets, b)
}
