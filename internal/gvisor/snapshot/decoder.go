package snapshot

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

const (
	// maxDepth is the nesting depth of a response, plus room for unknown keys.
	maxDepth = 16
	// maxQuotedText limits how many bytes of the sandbox's text an error quotes.
	maxQuotedText = 200
	// maxPooledPoints limits the memory of a decoder in the pool.
	maxPooledPoints = 1024
)

// decoder decodes one response into points, and performs every check that does
// not depend on earlier snapshots.
type decoder struct {
	scan      jsonscan.Scanner
	reg       *registration.Registration
	selection *registration.Selection
	syscalls  *syscalls.Names
	maxPoints int

	// when is the time of the snapshot; zero without a snapshot.
	when time.Time

	// dropped is the number of points of unknown metrics.
	dropped int

	points     []point
	histograms []histogram
	// counts holds the buckets of all histograms.
	counts []uint64

	// order lists the points by ascending series: the series in the upper 32
	// bits, the index in points in the lower 32.
	order []uint64
	// present has one bit per series, and indexes one index in points per
	// series; see [decoder.sortByIndex].
	present []uint64
	indexes []uint32
	// labels holds the label values of one series.
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
	// first is the index of the first bucket in counts.
	first int
	// count is the sum of all buckets.
	count uint64
}

var decoderPool = sync.Pool{New: func() any { return new(decoder) }}

// release returns the decoder to the pool, without references to a response and
// without unusually large memory.
func (d *decoder) release() {
	d.scan.ResetBytes(nil, jsonscan.Limits{})
	d.bound.ResetBytes(nil, jsonscan.Limits{})
	d.entry.clear()
	clear(d.points)
	clear(d.labels)
	if cap(d.points) > maxPooledPoints || cap(d.counts) > 64*maxPooledPoints {
		d.points, d.histograms, d.counts, d.order = nil, nil, nil, nil
	}
	d.reg, d.selection, d.syscalls = nil, nil, nil
	decoderPool.Put(d)
}

var (
	resultFields   = jsonscan.NewFields("snapshot")
	snapshotFields = jsonscan.NewFields("when", "data")
)

func scanLimits(bytes int64) jsonscan.Limits {
	return jsonscan.Limits{Bytes: bytes, Depth: maxDepth}
}

// read reads a whole response.
func (d *decoder) read(source io.Reader, limit int64) error {
	d.scan.ResetReader(source, scanLimits(limit))
	d.when = time.Time{}
	d.dropped = 0
	d.points, d.histograms, d.counts = d.points[:0], d.histograms[:0], d.counts[:0]
	return urpc.Decode(&d.scan, d.readResult)
}

// readResult reads the result even if the response does not state yet that the
// call succeeded: nothing is used before the whole response has been read.
func (d *decoder) readResult(s *jsonscan.Scanner, _ bool) {
	if s.Null() {
		return
	}
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(resultFields, &seen); !more {
			return
		}
		d.readSnapshot()
	}
}

func (d *decoder) readSnapshot() {
	s := &d.scan
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(snapshotFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			// RFC 3339, as encoding/json writes a time.Time.
			text := s.String()
			if s.Err() == nil && d.when.UnmarshalText(text) != nil {
				d.reject(RuleFormat, nil, `"when" is not an RFC 3339 time`)
			}
		case 1:
			for s.OpenArray(); s.NextElement(); {
				if !d.readCanonicalEntry() {
					d.readEntry()
				}
			}
		}
	}
}

// add adds a point, unless the filter excludes its metric.
func (d *decoder) add(p point) {
	switch {
	case !d.selection.Metrics[p.metric.Index]:
		d.rejectMetric(RuleFilter, p.metric, "excluded by the filter of the request")
	case len(d.points) == d.maxPoints:
		d.reject(RulePoints, nil, "more than "+strconv.Itoa(d.maxPoints)+" points")
	default:
		d.points = append(d.points, p)
	}
}

// reject stops the scanner with a [Violation].
func (d *decoder) reject(rule Rule, metric []byte, detail string) {
	d.scan.Fail(&Violation{Rule: rule, Metric: string(metric[:min(len(metric), maxQuotedText)]), Detail: detail})
}

// rejectMetric is [decoder.reject] for a registered metric.
func (d *decoder) rejectMetric(rule Rule, metric *registration.Metric, detail string) {
	d.scan.Fail(&Violation{Rule: rule, Metric: metric.Name, Detail: detail})
}
