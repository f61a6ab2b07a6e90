package reader

import (
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reader reads the answers of one shim. It belongs to one sandbox and may be
// used by one goroutine at a time.
type Reader struct {
	settings *Settings
	flavor   catalog.Flavor
	marks    [][]byte
	// start is when the shim began, once it said so.
	start time.Time
	// pull numbers the readings, to tell what came with the last.
	pull          uint32
	table         table
	texts         texts
	distributions []*distribution
	adopted       adopted
}

// New makes a reader. hypervisor is what the runtime's state file says
// ("qemu", "dragonball", …), never what the shim's text says.
func New(flavor catalog.Flavor, hypervisor string, settings *Settings) *Reader {
	return &Reader{settings: settings, flavor: flavor, marks: marksOf(flavor, hypervisor)}
}

// Read reads one answer to its end and appends what it verified. The reading
// comes in with its Time and with a Start to fall back on (when the shim's
// socket was made); Read sets a better Start where the text tells one. The
// distributions of its points hold until the next call of Read.
//
// Its error is a [sandbox.Failure]: [sandbox.Partial] if the answer broke off
// after host data, whose points then count.
func (r *Reader) Read(body io.Reader, reading *sandbox.Reading) error {
	p := passes.Get().(*pass)
	p.reset(r)
	p.scanner.Reset(body, r.settings.limits.text, r.marks...)
	r.begin()
	p.run()

	err := p.scanner.Err()
	salvaged := p.endOfText(err == nil)
	reading.ResponseSize = int(p.scanner.Bytes())
	r.setStart(p.started, reading)
	p.release(reading)

	switch {
	case err != nil:
		err = failureOf(err, salvaged)
	case reading.ResponseSize == 0:
		err = sandbox.Fail(sandbox.Refused, errors.New("the shim's answer is empty"))
	case !salvaged:
		err = sandbox.Failf(sandbox.Malformed, "the answer of %d bytes has no metrics of the shim", reading.ResponseSize)
	}
	if outcome := sandbox.OutcomeOf(err); outcome == sandbox.OK || outcome == sandbox.Partial {
		r.deliver(reading)
	}
	return err
}

// Sample is a host reading that was not taken from the shim's text.
type Sample struct {
	// Family and Item are those of the shim's twin.
	Family, Item string
	// Label is the text of the family's label other than item, for example the
	// name of a network interface.
	Label string
	// Value is in the unit of the shim's twin in the catalog.
	Value float64
}

// ReadPassive appends host readings that were taken without asking the shim.
// Samples that the settings leave out, or that the catalog does not know,
// are not appended.
func (r *Reader) ReadPassive(samples []Sample, reading *sandbox.Reading) {
	p := passes.Get().(*pass)
	p.reset(r)
	r.begin()
	for i := range samples {
		p.takePassive(&samples[i])
	}
	p.release(reading)
	r.deliver(reading)
}

func (p *pass) takePassive(sample *Sample) {
	text := p.plan.catalog.Family([]byte(sample.Family))
	if text == nil || text.Origin() != sandbox.Host || !isFinite(sample.Value) || len(text.Labels) > 1 {
		return
	}
	at := text.Items.Find([]byte(sample.Item), -1)
	if at < 0 {
		return
	}
	row := &text.Items[at]
	if !p.plan.rows[row.Index].wanted {
		return
	}
	label := [maxLabels][]byte{[]byte(sample.Label)}
	key, ok := p.key(row, text.Labels, &label)
	if !ok {
		return
	}
	if value, ok := p.amend(row, sample.Value); ok {
		p.put(key, value)
	}
}

// Series appends a point for each series that has been delivered since the
// last call, and forgets them.
func (r *Reader) AppendSeries(reading *sandbox.Reading) {
	r.sort()
	for _, at := range r.table.order {
		if entry := &r.table.entries[at]; entry.delivered {
			r.appendPoint(entry, reading)
		}
	}
	r.table, r.distributions = table{}, nil
}

// begin starts a new pull.
func (r *Reader) begin() {
	if r.texts.guest >= r.settings.limits.guestTexts {
		r.makeRoom()
	}
	r.pull++
	r.table.next = 0
}

// makeRoom forgets a few label texts of the guest that the last pull did not
// have, and their series.
func (r *Reader) makeRoom() {
	// When each text was there last.
	last := make([]uint32, len(r.texts.entries))
	for i := range r.table.entries {
		entry := &r.table.entries[i]
		first, second := entry.key.labels()
		for _, id := range [maxLabels]textID{first, second} {
			if id != 0 && id < firstNumber {
				last[id-1] = max(last[id-1], entry.pull)
			}
		}
	}
	var oldest []textID
	for i := range last {
		if entry := &r.texts.entries[i]; entry.used && entry.guest && last[i] != r.pull {
			oldest = append(oldest, textID(i+1))
		}
	}
	slices.SortFunc(oldest, func(a, b textID) int { return int(int64(last[a-1]) - int64(last[b-1])) })
	oldest = oldest[:min(len(oldest), r.settings.limits.evictedTexts)]
	if len(oldest) == 0 {
		return
	}
	r.table.removeIf(func(entry *series) bool {
		return entry.guest && slices.ContainsFunc(oldest, entry.key.has)
	})
	for _, id := range oldest {
		if slices.ContainsFunc(r.table.entries, func(entry series) bool { return entry.key.has(id) }) {
			r.texts.giveToHost(id)
		} else {
			r.texts.remove(id)
		}
	}
}

// deliver appends the points of this pull, those of each metric together.
func (r *Reader) deliver(reading *sandbox.Reading) {
	r.sort()
	for _, at := range r.table.order {
		if entry := &r.table.entries[at]; entry.pull == r.pull {
			entry.delivered = true
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
	family, labels, real := r.shape(entry.key.row())
	point := sandbox.Point{Family: family, Value: number(entry.value, real)}
	if labels > 0 {
		var texts [maxLabels]string
		first, second := entry.key.labels()
		texts[0] = r.texts.get(first)
		if labels > 1 {
			texts[1] = r.texts.get(second)
		}
		point.Labels = reading.Labels(texts[:labels]...)
	}
	if entry.distribution > 0 {
		point.Distribution = &r.distributions[entry.distribution-1].Distribution
	}
	reading.Points = append(reading.Points, point)
}

// number makes whole values integers, unless others of their row may have a
// fraction.
func number(value float64, real bool) sandbox.Number {
	if real || value != math.Trunc(value) || value < -(1<<63) || value >= 1<<63 {
		return sandbox.Float(value)
	}
	return sandbox.Int(int64(value))
}

// shape is how the points of a row look.
func (r *Reader) shape(row uint16) (family *sandbox.Family, labels int, real bool) {
	rows := r.settings.plans[r.flavor].rows
	if int(row) >= len(rows) {
		family = r.adopted.families[int(row)-len(rows)]
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

// rank orders rows by their metric. Adopted ones are last, each by itself.
func (r *Reader) rank(row uint16) uint16 {
	rows := r.settings.plans[r.flavor].rows
	if int(row) >= len(rows) {
		return row
	}
	return rows[row].rank
}

// distributionOf is the memory for the distribution of a series.
func (r *Reader) distributionOf(entry *series) *distribution {
	if entry.distribution == 0 {
		r.distributions = append(r.distributions, new(distribution))
		entry.distribution = uint16(len(r.distributions))
	}
	return r.distributions[entry.distribution-1]
}

// earliest is how long before its socket a shim can have started.
const earliest = 10 * time.Minute

// setStart makes the start of the shim that of the reading, if the text tells
// one that can be true. The first such holds for the life of the sandbox, so
// that the start of a series does not wander with the clock.
func (r *Reader) setStart(seconds float64, reading *sandbox.Reading) {
	if r.start.IsZero() && seconds > 0 && seconds < math.MaxInt32 {
		whole, fraction := math.Modf(seconds)
		// The text has hundredths of a second; the rest is noise.
		start := time.Unix(int64(whole), int64(fraction*1e9)).Round(time.Millisecond)
		if !start.After(reading.Time) && (reading.Start.IsZero() || start.After(reading.Start.Add(-earliest))) {
			r.start = start
		}
	}
	if !r.start.IsZero() {
		reading.Start = r.start
	}
}
