package reader

import (
	"errors"
	"io"
	"math"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reader reads the responses of one shim. It belongs to one sandbox and may be
// used by one goroutine at a time.
type Reader struct {
	settings *Settings
	flavor   catalog.Flavor
	marks    [][]byte
	// start is the start time of the shim, once a response contained it.
	start time.Time
	// pull is the number of the current pull. Series with this number are in
	// its response.
	pull          uint32
	table         table
	labelValues   labelValues
	distributions []*distribution
	unknown       keptFamilies
	// account is nil if the usage of the guest is not reported.
	account *guest.Account
}

// New returns a reader. hypervisor is the one named by the runtime's state file
// ("qemu", "dragonball", …), never the one named by the shim's text.
func New(flavor catalog.Flavor, hypervisor string, settings *Settings) *Reader {
	return &Reader{settings: settings, flavor: flavor, marks: marksOf(flavor, hypervisor)}
}

// Measure makes the reader pass the figures of the guest's usage to an account,
// whether or not the settings select their families.
func (r *Reader) Measure(account *guest.Account) { r.account = account }

// Read reads one response to its end and appends the points that it verified.
// The reading must have its Time and a fallback for its Start (the creation
// time of the shim's socket), which Read replaces if the text contains a better
// one. The reading owns its points, so later calls do not change them.
//
// The error is a [sandbox.Failure]. It is [sandbox.Partial] if the response
// broke off after host data; the appended points are valid in that case.
func (r *Reader) Read(body io.Reader, reading *sandbox.Reading) error {
	p := passPool.Get().(*pass)
	p.reset(r)
	p.scanner.Reset(body, r.settings.limits.text, r.marks...)
	r.begin()
	if r.account != nil {
		r.account.Begin(reading.Time)
	}
	p.run()

	err := p.scanner.Err()
	hasHost := p.endOfText(err == nil)
	reading.ResponseSize = int(p.scanner.Bytes())
	r.setStart(p.started, reading)
	p.release(reading)

	switch {
	case err != nil:
		err = failureOf(err, hasHost)
	case reading.ResponseSize == 0:
		err = sandbox.Fail(sandbox.Refused, errors.New("shim returned an empty response"))
	case !hasHost:
		err = sandbox.Failf(sandbox.Malformed, "response of %d bytes contains no metrics of the shim", reading.ResponseSize)
	}
	r.endUsage(err, reading)
	if outcome := sandbox.OutcomeOf(err); outcome == sandbox.OK || outcome == sandbox.Partial {
		r.emit(reading)
	}
	return err
}

// endUsage passes the end of a response to the account. Usage is accepted only from
// complete responses.
func (r *Reader) endUsage(err error, reading *sandbox.Reading) {
	switch {
	case r.account == nil:
	case err != nil:
		r.account.Discard()
	default:
		if implausible := r.account.End(time.Now()); implausible > 0 {
			reading.Drop(Implausible.String(), implausible)
		}
	}
}

// AppendSeries appends a point for each series that was emitted since the last
// call, and forgets the series.
func (r *Reader) AppendSeries(reading *sandbox.Reading) {
	r.sort()
	for _, at := range r.table.order {
		if entry := &r.table.entries[at]; entry.emitted {
			r.appendPoint(entry, reading)
		}
	}
	r.table, r.distributions = table{}, nil
}

// begin starts a new pull.
func (r *Reader) begin() {
	if r.labelValues.guest >= r.settings.limits.guestLabelValues {
		r.evictLabelValues()
	}
	r.pull++
	r.table.next = 0
}

// emit appends the points of this pull, grouped by metric.
func (r *Reader) emit(reading *sandbox.Reading) {
	r.sort()
	for _, at := range r.table.order {
		if entry := &r.table.entries[at]; entry.pull == r.pull {
			entry.emitted = true
			r.appendPoint(entry, reading)
		}
	}
}

func (r *Reader) sort() {
	if len(r.table.order) != len(r.table.entries) {
		r.table.sort(r.rank)
	}
}

func (r *Reader) appendPoint(entry *series, reading *sandbox.Reading) {
	family, labels, fractional := r.shape(entry.key.row())
	point := sandbox.Point{Family: family, Value: number(entry.value, fractional)}
	if labels > 0 {
		var texts [maxLabels]string
		first, second := entry.key.labels()
		texts[0] = r.labelValues.get(first)
		if labels > 1 {
			texts[1] = r.labelValues.get(second)
		}
		point.Labels = reading.Labels(texts[:labels]...)
	}
	if entry.distribution > 0 {
		point.Distribution = reading.Distribution(&r.distributions[entry.distribution-1].Distribution)
	}
	reading.Points = append(reading.Points, point)
}

// number converts whole values to integers, unless other values of their row
// may be fractional.
func number(value float64, fractional bool) sandbox.Number {
	if fractional || value != math.Trunc(value) || value < -(1<<63) || value >= 1<<63 {
		return sandbox.Float(value)
	}
	return sandbox.Int(int64(value))
}

// shape returns the family of the points of a row, the number of their labels
// and whether their values may be fractional.
func (r *Reader) shape(row uint16) (family *sandbox.Family, labels int, fractional bool) {
	rows := r.settings.plans[r.flavor].rows
	if int(row) >= len(rows) {
		family = r.unknown.families[int(row)-len(rows)]
		return family, len(family.OTel.LabelKeys), false
	}
	found := &rows[row]
	return &found.row.Family, int(found.labels), found.row.Adjustment&catalog.Fractional != 0
}

func (r *Reader) isGuest(row uint16) bool {
	rows := r.settings.plans[r.flavor].rows
	return int(row) >= len(rows) || rows[row].guest
}

func (r *Reader) isMonotonic(row uint16) bool {
	rows := r.settings.plans[r.flavor].rows
	return int(row) < len(rows) && rows[row].monotonic
}

// rank orders rows by metric. Rows of unknown families are last, each with its
// own rank.
func (r *Reader) rank(row uint16) uint16 {
	rows := r.settings.plans[r.flavor].rows
	if int(row) >= len(rows) {
		return row
	}
	return rows[row].rank
}

// distributionOf returns the distribution of a series and allocates it at the
// first call.
func (r *Reader) distributionOf(entry *series) *distribution {
	if entry.distribution == 0 {
		r.distributions = append(r.distributions, new(distribution))
		entry.distribution = uint16(len(r.distributions))
	}
	return r.distributions[entry.distribution-1]
}

// maxStartLead is the maximum time from the start of a shim to the creation of
// its socket.
const maxStartLead = 10 * time.Minute

// setStart sets the Start of the reading to the start time of the shim, if the
// text contains a plausible one. The first such time is kept for the instance,
// so that the start of a series does not change when the clock is adjusted.
func (r *Reader) setStart(seconds float64, reading *sandbox.Reading) {
	if r.start.IsZero() && seconds > 0 && seconds < math.MaxInt32 {
		whole, fraction := math.Modf(seconds)
		// The text is precise to hundredths of a second; the rest is noise.
		start := time.Unix(int64(whole), int64(fraction*1e9)).Round(time.Millisecond)
		if !start.After(reading.Time) && (reading.Start.IsZero() || start.After(reading.Start.Add(-maxStartLead))) {
			r.start = start
		}
	}
	if !r.start.IsZero() {
		reading.Start = r.start
	}
}
