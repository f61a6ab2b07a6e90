package snapshot

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings configure a [Verifier].
type Settings struct {
	// Filter is the compiled full-match expression over Prometheus names that
	// the request contains; nil if it contains none.
	Filter *regexp.Regexp
	// ZeroFill selects the registered counters that are added with the value 0
	// until they occur; none if it is empty. The last ones are omitted if there
	// would be more than MaxPoints.
	ZeroFill registration.ZeroFill
	// MaxPoints limits the points of a snapshot, including zeros, and the series of
	// all snapshots together; 8192 by default.
	MaxPoints int
	// Syscalls are the names of the system calls that the sandbox counts by number.
	// They become a further label. Without them, nil, there is none.
	Syscalls *syscalls.Names
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
	syscalls  *syscalls.Names
	maxPoints int
	anyAge    bool

	// zeroEnd is the last counter that was filled with zero since the last call
	// of AppendSeries, plus 1; 0 if there was none.
	zeroEnd uint32
	// last is the time of the last verified snapshot, in Unix nanoseconds, and
	// lastRead is when it was read.
	last     int64
	lastRead time.Time
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
		selection: reg.Select(settings.Filter, settings.ZeroFill),
		syscalls:  settings.Syscalls,
		maxPoints: cmp.Or(settings.MaxPoints, defaultMaxPoints),
		anyAge:    settings.AnyAge,
	}
}

// Restart forgets the last values, because the host vouches for a new start of all
// counters: the sandbox was restored. The order of snapshots is still checked.
func (v *Verifier) Restart() {
	clear(v.values)
	v.histograms = nil
}

// SelectsAny reports whether the filter selects any registered metric.
func (v *Verifier) SelectsAny() bool { return slices.Contains(v.selection.Metrics, true) }

// Read reads one response of at most limit bytes and verifies it. It takes
// memory from a pool immediately, so it should be called when the first byte is
// available. It does not read beyond the response, except for bytes that arrived
// together with it, which are a violation.
//
// It calls now after it has read the whole response; the time should have a
// monotonic reading, see setBack. On success it sets the time of the reading and
// appends the points, those of one metric next to each other, ordered by path. On
// failure neither the points nor the state of the verifier change. The error is a
// [sandbox.Failure] that wraps a [Violation] (malformed, oversize, rejected), a
// [urpc.RemoteError] (refused) or the error of the source (timeout, disconnected).
func (v *Verifier) Read(source io.Reader, limit int64, now func() time.Time, r *sandbox.Reading) error {
	d := decoderPool.Get().(*decoder)
	defer d.release()
	d.reg, d.selection, d.syscalls, d.maxPoints = v.reg, v.selection, v.syscalls, v.maxPoints
	err := d.read(source, limit)
	r.ResponseSize += int(d.scan.Received())
	if err == nil {
		read := now()
		if err = v.checkTime(d.when, read); err == nil {
			err = v.accept(d, r, read)
		}
	}
	if err != nil {
		return failure(err)
	}
	return nil
}

// accept compares the points with the last values and, if they are valid, stores
// and emits them.
func (v *Verifier) accept(d *decoder, r *sandbox.Reading, read time.Time) error {
	d.sort()
	added, err := v.checkPoints(d)
	if err != nil {
		return err
	}
	v.lastRead = read
	v.commit(d, added)
	v.emit(d, r)
	if d.dropped > 0 {
		r.Drop(UnknownMetric, d.dropped)
	}
	return nil
}

// checkTime compares the time of a snapshot with the current time and with the
// last snapshot.
func (v *Verifier) checkTime(when, now time.Time) error {
	if when.IsZero() {
		return &Violation{Rule: RuleNotSnapshot, Detail: "the response contains no snapshot with a timestamp"}
	}
	last := v.last - int64(v.setBack(now))
	switch {
	case when.After(now):
		return &Violation{Rule: RuleFuture, Detail: "timestamp is " + when.Sub(now).String() + " in the future"}
	case !v.anyAge && when.Before(now.Add(-maxAge)):
		return &Violation{Rule: RuleStale, Detail: "taken " + now.Sub(when).String() + " ago"}
	case when.Unix() < 0:
		return &Violation{Rule: RuleStale, Detail: "taken before 1970"}
	case when.UnixNano() < last:
		return &Violation{
			Rule:   RuleOrder,
			Detail: "taken " + time.Duration(last-when.UnixNano()).String() + " before the previous snapshot",
		}
	}
	return nil
}

// maxClockJitter is the largest difference between the wall clock and the
// monotonic clock that is not followed. After a step of the wall clock that is not
// larger, snapshots are in order again within a second.
const maxClockJitter = time.Second

// setBack returns by how much the wall clock was set back since the last snapshot
// was read; 0 if it was not. The time of that snapshot is then to be taken as
// earlier by as much, because the sandbox uses the same clock: otherwise all
// snapshots would be rejected for as long as the step. While the clock is not set
// back, times are compared as gVisor's verifier compares them.
func (v *Verifier) setBack(now time.Time) time.Duration {
	if v.lastRead.IsZero() {
		return 0
	}
	// Without a monotonic reading, Sub compares wall clocks.
	monotonic, wall := now.Sub(v.lastRead), now.Round(0).Sub(v.lastRead.Round(0))
	if step := monotonic - wall; step > maxClockJitter {
		return step
	}
	return 0
}
