package snapshot

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

const (
	// depth is how deep an answer goes, with room for keys yet unknown.
	depth = 16
	// shownText is how much of a text of the sandbox's an error repeats.
	shownText = 200
	// keptPoints is how many points a decoder in the pool has room for.
	keptPoints = 1024
)

// decoder turns the bytes of one answer into points, and checks all that can
// be checked without knowing earlier snapshots.
type decoder struct {
	scan      jsonscan.Scanner
	known     *registration.Registration
	selection *registration.Selection
	maxPoints int

	// success, refusal and result are what the answer said.
	success bool
	seen    jsonscan.Seen
	refusal []byte
	// when is the time of the snapshot; zero without a snapshot.
	when time.Time

	points     []point
	histograms []histogram
	// counts holds the buckets of all histograms.
	counts []uint64

	// order is for sorting points by series; present and places are by the
	// number of a series, a bit and an index.
	order   []uint64
	present []uint64
	places  []uint32
	// labels is for the label values of one series.
	labels []string
	entry  entry
	// bound reads the bounds of buckets.
	bound jsonscan.Scanner
}

// point is one value of one series.
type point struct {
	metric *registration.Metric
	series uint32
	// histogram is the index in histograms.
	histogram uint32
	value     int64
}

// histogram is the value of a histogram.
type histogram struct {
	total, min, max int64
	ssd             float64
	// buckets are from first on in counts, count is their sum.
	first int
	count uint64
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// release gives the decoder back, without what it need not keep.
func (d *decoder) release() {
	d.scan.ResetBytes(nil, jsonscan.Limits{})
	d.bound.ResetBytes(nil, jsonscan.Limits{})
	d.entry.clear()
	clear(d.points)
	clear(d.labels)
	if cap(d.points) > keptPoints || cap(d.counts) > 64*keptPoints {
		d.points, d.histograms, d.counts, d.order = nil, nil, nil, nil
	}
	d.known, d.selection = nil, nil
	decoders.Put(d)
}

var (
	answerFields   = jsonscan.NewFields("success", "err", "result")
	resultFields   = jsonscan.NewFields("snapshot")
	snapshotFields = jsonscan.NewFields("when", "data")
)

const (
	fieldSuccess = iota
	fieldErr
	fieldResult
)

func scanLimits(bytes int64) jsonscan.Limits {
	return jsonscan.Limits{Bytes: bytes, Depth: depth}
}

// read reads a whole answer, without looking at whether it was a success.
func (d *decoder) read(source io.Reader, limit int64) error {
	s := &d.scan
	s.ResetReader(source, scanLimits(limit))
	d.success, d.seen, d.refusal = false, 0, d.refusal[:0]
	d.when = time.Time{}
	d.points, d.histograms, d.counts = d.points[:0], d.histograms[:0], d.counts[:0]
	for s.OpenObject(); ; {
		field, more := s.NextField(answerFields, &d.seen)
		if !more {
			break
		}
		switch field {
		case fieldSuccess:
			d.success = s.Bool()
		case fieldErr:
			text := s.String()
			d.refusal = append(d.refusal, text[:min(len(text), shownText)]...)
		case fieldResult:
			d.result()
		}
	}
	s.End()
	return s.Err()
}

func (d *decoder) result() {
	s := &d.scan
	if s.Null() {
		return
	}
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(resultFields, &seen); !more {
			return
		}
		d.snapshot()
	}
}

func (d *decoder) snapshot() {
	s := &d.scan
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(snapshotFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			// RFC 3339, as encoding/json has it.
			text := s.String()
			if s.Err() == nil && d.when.UnmarshalText(text) != nil {
				d.refuse(RuleFormat, nil, "when is not a time")
			}
		case 1:
			for s.OpenArray(); s.NextElement(); {
				if !d.canonicalEntry() {
					d.anyEntry()
				}
			}
		}
	}
}

// add adds a point, if it was asked for.
func (d *decoder) add(p point) {
	switch {
	case !d.selection.Metrics[p.metric.Index]:
		d.refuseMetric(RuleFilter, p.metric, "it was not asked for")
	case len(d.points) == d.maxPoints:
		d.refuse(RulePoints, nil, "more than "+strconv.Itoa(d.maxPoints)+" points")
	default:
		d.points = append(d.points, p)
	}
}

// refuse stops reading.
func (d *decoder) refuse(rule Rule, metric []byte, detail string) {
	d.scan.Fail(&Violation{Rule: rule, Metric: string(metric[:min(len(metric), shownText)]), Detail: detail})
}

func (d *decoder) refuseMetric(rule Rule, metric *registration.Metric, detail string) {
	d.scan.Fail(&Violation{Rule: rule, Metric: metric.Name, Detail: detail})
}
