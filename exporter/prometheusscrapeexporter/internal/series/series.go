package series

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Series is the last point of one series. Histograms and summaries are one Series
// with several lines on the page.
type Series struct {
	// Set are the labels of the point and its scope, Resource those of its resource.
	Set      *LabelSet
	Resource *Resource
	// Distribution is set for histograms and summaries.
	Distribution *Distribution
	// Timestamp and Start are the times of the point, zero if it has none.
	Timestamp, Start pcommon.Timestamp

	// next and prev are the neighbors in the order of arrival, in a circle.
	next, prev *Series
	source     *source
	// points is the hash of the attributes and the scope, identity that of the family
	// and all labels.
	points, identity uint64
	updated          int64
	bits             uint64
	// slot is the index in the family.
	slot  int32
	lines int32
	// integer reports whether bits are an integer.
	integer bool
}

// Distribution is the last point of a histogram or a summary.
type Distribution struct {
	Count uint64
	Sum   float64
	// Bounds are the upper bounds of buckets or the quantiles, in ascending order.
	Bounds []float64
	// Counts are the cumulative counts of the buckets.
	Counts []uint64
	// Values are the values at the quantiles.
	Values []float64
}

// Value returns the value of a number.
func (s *Series) Value() (integer int64, float float64, isInteger bool) {
	if s.integer {
		return int64(s.bits), 0, true
	}
	return 0, math.Float64frombits(s.bits), false
}

func (s *Series) float() float64 {
	if s.integer {
		return float64(int64(s.bits))
	}
	return math.Float64frombits(s.bits)
}

func (s *Series) setInt(value int64) {
	s.bits, s.integer = uint64(value), true
}

func (s *Series) setFloat(value float64) {
	s.bits, s.integer = math.Float64bits(value), false
}

// insert adds a series to the order of the resource, before the cursor.
func (r *Resource) insert(s *Series) {
	r.series++
	r.lines += int(s.lines)
	if r.cursor == nil {
		s.next, s.prev = s, s
		r.head, r.cursor = s, s
		return
	}
	at := r.cursor
	s.next, s.prev = at, at.prev
	at.prev.next = s
	at.prev = s
}

// remove takes a series out of the order, which otherwise stays the same.
func (r *Resource) remove(s *Series) {
	r.series--
	r.lines -= int(s.lines)
	if s.next == s {
		r.head, r.cursor = nil, nil
		return
	}
	if r.head == s {
		r.head = s.next
	}
	if r.cursor == s {
		r.cursor = s.next
	}
	s.prev.next = s.next
	s.next.prev = s.prev
}
