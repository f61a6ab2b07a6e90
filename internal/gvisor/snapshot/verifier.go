package snapshot

import (
	"cmp"
	"io"
	"regexp"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings configure a [Verifier].
type Settings struct {
	// Filter is the compiled full-match expression over Prometheus names that
	// the request contains; nil if it contains none.
	Filter *regexp.Regexp
	// ZeroFill adds registered counters that have never occurred, with the
	// value 0. It skips metrics that have a field with more than 16 values.
	ZeroFill bool
	// MaxPoints limits the points of a snapshot, and the series of all snapshots
	// together; 8192 by default.
	MaxPoints int
	// AnyAge accepts snapshots that are older than 10 seconds.
	AnyAge bool
}

// UnknownMetric is the reason why points are dropped whose metric is known from
// the sandbox alone. They are not verified.
const UnknownMetric = "unknown_metric"

const (
	// maxAge is the maximum age of a snapshot, as in gVisor's verifier.
	maxAge           = 10 * time.Second
	defaultMaxPoints = 8192
)

// Verifier keeps the state needed to verify the next snapshot of one sandbox.
// It is used by one goroutine at a time.
type Verifier struct {
	reg       *registration.Registration
	selection *registration.Selection
	maxPoints int
	zeroFill  bool
	anyAge    bool

	// zeroFilled reports that counters were filled with zero since the last
	// call of AppendSeries.
	zeroFilled bool
	// last is the time of the last verified snapshot, in Unix nanoseconds.
	last int64
	// series are all series that have occurred, ascending.
	series []trackedSeries
	// values are the last values of the series at the same index; only those of
	// counters are used.
	values []int64
	// histograms are the last values of histograms, by ascending series.
	histograms []trackedHistogram
}

// NewVerifier returns a verifier for a sandbox with this registration.
func NewVerifier(reg *registration.Registration, settings Settings) *Verifier {
	return &Verifier{
		reg:       reg,
		selection: reg.Select(settings.Filter),
		maxPoints: cmp.Or(settings.MaxPoints, defaultMaxPoints),
		zeroFill:  settings.ZeroFill,
		anyAge:    settings.AnyAge,
	}
}

// Read reads one response of at most limit bytes and verifies it. It takes
// memory from a pool immediately, so it should be called when the first byte is
// available. It does not read beyond the response, except for bytes that arrived
// together with it, which are a violation.
//
// It calls now after it has read the whole response. On success it sets the time
// of the reading and appends the points, those of one metric next to each other,
// ordered by path. On failure neither the points nor the state of the verifier
// change. The error is a [sandbox.Failure] that wraps a [Violation] (malformed,
// oversize, rejected), a [urpc.RemoteError] (refused) or the error of the source
// (timeout, disconnected).
func (v *Verifier) Read(source io.Reader, limit int64, now func() time.Time, r *sandbox.Reading) error {
	d := decoderPool.Get().(*decoder)
	defer d.release()
	d.reg, d.selection, d.maxPoints = v.reg, v.selection, v.maxPoints
	err := d.read(source, limit)
	r.ResponseSize += int(d.scan.Received())
	if err == nil {
		err = v.checkTime(d.when, now)
	}
	if err == nil {
		d.sort()
		var added int
		if added, err = v.checkPoints(d); err == nil {
			v.commit(d, added)
			v.emit(d, r)
			if d.dropped > 0 {
				r.Drop(UnknownMetric, d.dropped)
			}
			return nil
		}
	}
	return failure(err)
}

func (v *Verifier) checkTime(when time.Time, clock func() time.Time) error {
	if when.IsZero() {
		return &Violation{Rule: RuleNotSnapshot, Detail: "the result contains no snapshot with a time"}
	}
	switch now := clock(); {
	case when.After(now):
		return &Violation{Rule: RuleFuture, Detail: "time is " + when.Sub(now).String() + " in the future"}
	case !v.anyAge && when.Before(now.Add(-maxAge)):
		return &Violation{Rule: RuleStale, Detail: "taken " + now.Sub(when).String() + " ago"}
	case when.Unix() < 0:
		return &Violation{Rule: RuleStale, Detail: "taken before 1970"}
	case when.UnixNano() < v.last:
		return &Violation{
			Rule:   RuleOrder,
			Detail: "taken " + time.Duration(v.last-when.UnixNano()).String() + " before the previous snapshot",
		}
	}
	return nil
}
