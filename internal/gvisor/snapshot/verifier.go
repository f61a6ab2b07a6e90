package snapshot

import (
	"cmp"
	"io"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings are what a verifier is asked to do beyond the rules.
type Settings struct {
	// Filter is the compiled full-match expression over Prometheus names that
	// the sandbox was asked to obey; nil if it was asked for everything.
	Filter *regexp.Regexp
	// ZeroFill adds registered counters that have never shown up, with the
	// value 0. Metrics that have a field with more than 16 values are left out.
	ZeroFill bool
	// MaxPoints is how many points a snapshot may have, and how many series all
	// snapshots together; 8192 by default.
	MaxPoints int
	// AnyAge takes snapshots that were taken more than 10 seconds ago.
	AnyAge bool
}

const (
	// maxAge is how old a snapshot may be, the same as for gVisor's verifier.
	maxAge           = 10 * time.Second
	defaultMaxPoints = 8192
)

// Verifier remembers what is needed to verify the next snapshot of one
// sandbox. It is used by one goroutine at a time.
type Verifier struct {
	known     *registration.Registration
	selection *registration.Selection
	maxPoints int
	zeroFill  bool
	anyAge    bool

	// filled says that counters were filled with zero since the last Series.
	filled bool
	// last is when the last verified snapshot was taken, in Unix nanoseconds.
	last int64
	// series are all series there have been, ascending.
	series []remembered
	// values are the last values of the series at the same index; of counters
	// only.
	values []int64
	// histograms are the last values of histograms, by ascending series.
	histograms []rememberedHistogram
}

// remembered is the number of a series, and in its lowest bit whether it was
// delivered since the last [Verifier.Series].
type remembered uint32

func (r remembered) number() uint32    { return uint32(r >> 1) }
func (r remembered) isDelivered() bool { return r&1 != 0 }

type rememberedHistogram struct {
	series   uint32
	count    uint64
	min, max int64
	ssd      float64
	buckets  []uint64
}

// NewVerifier makes a verifier for a sandbox with this registration.
func NewVerifier(known *registration.Registration, settings Settings) *Verifier {
	return &Verifier{
		known:     known,
		selection: known.Select(settings.Filter),
		maxPoints: cmp.Or(settings.MaxPoints, defaultMaxPoints),
		zeroFill:  settings.ZeroFill,
		anyAge:    settings.AnyAge,
	}
}

// Read reads one answer of at most limit bytes and verifies it. It takes its
// memory from a pool as soon as it is called, so call it when the first byte is
// there to be read. It does not read beyond the answer, except for bytes that
// arrived together with it, which are a violation.
//
// The time is asked for after the whole answer was read. On success the
// reading has the time of the snapshot and its points, those of one metric next
// to each other, in the order of the metrics' paths. Otherwise neither the
// points nor what the verifier remembers have changed; the error is a
// [sandbox.Failure] around a [Violation] (malformed, oversize, rejected), a
// [Refusal] (refused) or the error of the source (timeout, disconnected).
func (v *Verifier) Read(source io.Reader, limit int64, now func() time.Time, r *sandbox.Reading) error {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.known, d.selection, d.maxPoints = v.known, v.selection, v.maxPoints
	err := d.read(source, limit)
	r.ResponseSize += int(d.scan.Received())
	if err == nil {
		err = v.checkAnswer(d)
	}
	if err == nil {
		err = v.checkTime(d.when, now())
	}
	if err == nil {
		d.sort()
		var fresh int
		if fresh, err = v.check(d); err == nil {
			v.commit(d, fresh)
			v.deliver(d, r)
			return nil
		}
	}
	return failure(err)
}

// checkAnswer checks that the answer is a snapshot at all.
func (v *Verifier) checkAnswer(d *decoder) error {
	switch {
	case !d.seen.Has(fieldSuccess):
		return &Violation{Rule: RuleFormat, Detail: "the answer does not say whether the call was a success"}
	case !d.success:
		return &Refusal{Text: string(d.refusal)}
	case d.when.IsZero():
		return &Violation{Rule: RuleNotSnapshot, Detail: "the result holds no snapshot with a time"}
	}
	return nil
}

func (v *Verifier) checkTime(when, now time.Time) error {
	switch {
	case when.After(now):
		return &Violation{Rule: RuleFuture, Detail: "taken " + when.Sub(now).String() + " after now"}
	case !v.anyAge && when.Before(now.Add(-maxAge)):
		return &Violation{Rule: RuleStale, Detail: "taken " + now.Sub(when).String() + " ago"}
	case when.Unix() < 0:
		return &Violation{Rule: RuleStale, Detail: "taken before 1970"}
	case when.UnixNano() < v.last:
		return &Violation{Rule: RuleOrder, Detail: "taken " + time.Duration(v.last-when.UnixNano()).String() + " before the last snapshot"}
	}
	return nil
}

// sort puts the points in the order of their series, which leaves equal ones
// next to each other.
func (d *decoder) sort() {
	d.order = d.order[:0]
	if d.known.Series <= fewSeries && d.place() {
		return
	}
	for i := range d.points {
		d.order = append(d.order, uint64(d.points[i].series)<<32|uint64(i))
	}
	slices.Sort(d.order)
}

// fewSeries is up to where there is a place for each series. Releases of gVisor
// have some thousand.
const fewSeries = 1 << 14

// place sorts points no two of which are equal: each is put where it belongs,
// which takes a fifth of the time that comparing them does. It tells whether no
// two were.
func (d *decoder) place() (unique bool) {
	if count := int(d.known.Series); len(d.places) < count {
		d.places = make([]uint32, count)
		d.present = make([]uint64, count/64+1)
	}
	unique = true
	for i := range d.points {
		series := d.points[i].series
		bit := uint64(1) << (series % 64)
		unique = unique && d.present[series/64]&bit == 0
		d.present[series/64] |= bit
		d.places[series] = uint32(i)
	}
	for i, word := range d.present {
		d.present[i] = 0
		for ; unique && word != 0; word &= word - 1 {
			series := uint32(i*64 + bits.TrailingZeros64(word))
			d.order = append(d.order, uint64(series)<<32|uint64(d.places[series]))
		}
	}
	return unique
}

// at is the i-th point in order.
func (d *decoder) at(i int) *point { return &d.points[uint32(d.order[i])] }

// check compares the points, in order, with each other and with what is
// remembered. It counts the series that are new.
func (v *Verifier) check(d *decoder) (fresh int, err error) {
	j := 0
	for i := range d.order {
		p := d.at(i)
		if i > 0 && d.at(i-1).series == p.series {
			return 0, &Violation{Rule: RuleDuplicateSeries, Metric: p.metric.Name, Detail: "two values for the same labels"}
		}
		for j < len(v.series) && v.series[j].number() < p.series {
			j++
		}
		known := j < len(v.series) && v.series[j].number() == p.series
		if !known {
			fresh++
		}
		switch p.metric.Type {
		case registration.Counter:
			var floor int64
			if known {
				floor = v.values[j]
			}
			if p.value < floor {
				return 0, &Violation{
					Rule: RuleCounterDecreased, Metric: p.metric.Name,
					Detail: "from " + strconv.FormatInt(floor, 10) + " to " + strconv.FormatInt(p.value, 10),
				}
			}
		case registration.Histogram:
			if err := v.checkHistogram(d, p); err != nil {
				return 0, err
			}
		}
	}
	if len(v.series)+fresh > v.maxPoints {
		return 0, &Violation{Rule: RuleSeries, Detail: "more than " + strconv.Itoa(v.maxPoints) + " series in all snapshots together"}
	}
	return fresh, nil
}

func (v *Verifier) findHistogram(series uint32) (int, bool) {
	return slices.BinarySearchFunc(v.histograms, series, func(h rememberedHistogram, series uint32) int {
		return cmp.Compare(h.series, series)
	})
}

func (v *Verifier) checkHistogram(d *decoder, p *point) error {
	i, known := v.findHistogram(p.series)
	if !known {
		return nil
	}
	last, h := &v.histograms[i], &d.histograms[p.histogram]
	violation := func(rule Rule, detail string) error {
		return &Violation{Rule: rule, Metric: p.metric.Name, Detail: detail}
	}
	switch {
	case last.count >= 1 && h.min > last.min:
		return violation(RuleMinimumRose, "from "+strconv.FormatInt(last.min, 10)+" to "+strconv.FormatInt(h.min, 10))
	case last.count >= 1 && h.max < last.max:
		return violation(RuleMaximumFell, "from "+strconv.FormatInt(last.max, 10)+" to "+strconv.FormatInt(h.max, 10))
	case last.count >= 2 && h.ssd < last.ssd:
		return violation(RuleSSDFell, "from "+strconv.FormatFloat(last.ssd, 'g', -1, 64)+" to "+strconv.FormatFloat(h.ssd, 'g', -1, 64))
	}
	for b, count := range d.buckets(p) {
		if count < last.buckets[b] {
			return violation(RuleBucketDecreased, "bucket "+strconv.Itoa(b)+" from "+strconv.FormatUint(last.buckets[b], 10)+" to "+strconv.FormatUint(count, 10))
		}
	}
	return nil
}

// buckets are the counts of a point's histogram.
func (d *decoder) buckets(p *point) []uint64 {
	first := d.histograms[p.histogram].first
	return d.counts[first : first+p.metric.Buckets()]
}

// commit remembers a snapshot of which everything was verified.
func (v *Verifier) commit(d *decoder, fresh int) {
	v.last = d.when.UnixNano()
	if fresh > 0 {
		v.makeRoom(d, fresh)
	}
	j := 0
	for i := range d.order {
		p := d.at(i)
		for v.series[j].number() < p.series {
			j++
		}
		v.series[j] |= 1
		v.values[j] = p.value
		if p.metric.Type == registration.Histogram {
			v.commitHistogram(d, p)
		}
	}
}

// makeRoom merges the series of the points into those remembered. New series
// are rare, so memory for just what is needed is the better bargain.
func (v *Verifier) makeRoom(d *decoder, fresh int) {
	series := make([]remembered, 0, len(v.series)+fresh)
	values := make([]int64, 0, len(v.series)+fresh)
	j := 0
	for i := range d.order {
		number := d.at(i).series
		for j < len(v.series) && v.series[j].number() < number {
			series, values = append(series, v.series[j]), append(values, v.values[j])
			j++
		}
		if j < len(v.series) && v.series[j].number() == number {
			continue
		}
		series, values = append(series, remembered(number)<<1), append(values, 0)
	}
	v.series, v.values = append(series, v.series[j:]...), append(values, v.values[j:]...)
}

func (v *Verifier) commitHistogram(d *decoder, p *point) {
	i, known := v.findHistogram(p.series)
	if !known {
		v.histograms = slices.Insert(v.histograms, i, rememberedHistogram{
			series:  p.series,
			buckets: make([]uint64, p.metric.Buckets()),
		})
	}
	last, h := &v.histograms[i], &d.histograms[p.histogram]
	last.count, last.min, last.max, last.ssd = h.count, h.min, h.max, h.ssd
	copy(last.buckets, d.buckets(p))
}
