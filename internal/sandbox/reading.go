package sandbox

import (
	"math"
	"time"
)

// Reading is what one pull of one sandbox yielded. It is scratch space: its
// owner resets it and uses it again, so nothing in it may be kept, except the
// families and label texts, which are shared and immutable.
type Reading struct {
	// Time is when the values were taken.
	Time time.Time
	// Start is since when cumulative values have been adding up: the start of
	// the sandbox, or its restore.
	Start time.Time
	// Watched is the same for what the receiver itself counts: since when it
	// has known the sandbox.
	Watched time.Time
	// Points hold the values. Points of one family, and of families with the
	// same name, should be next to each other: they become one metric.
	Points []Point
	// ResponseSize is how many bytes the sandbox sent.
	ResponseSize int
	// Constants: points of families that are [Descriptor.Constant] count, which they do
	// not in other readings.
	Constants bool
	// Dropped counts the points of the answer that were left out, by reason.
	Dropped []Dropped

	labels []string
}

// Dropped is how many points were left out for one reason. Reasons are few and
// fixed, for example "forged" or "duplicate".
type Dropped struct {
	Reason string
	Points int
}

// Drop counts points that were left out.
func (r *Reading) Drop(reason string, points int) {
	for i := range r.Dropped {
		if r.Dropped[i].Reason == reason {
			r.Dropped[i].Points += points
			return
		}
	}
	r.Dropped = append(r.Dropped, Dropped{reason, points})
}

// Point is one value of one series.
type Point struct {
	Family *Family
	// Labels holds one text per label key of the family's forms.
	Labels []string
	Value  Number
	// Distribution is set for histograms and summaries, and only for them. It
	// belongs to the reading's owner until the reading is reset.
	Distribution *Distribution
}

// Distribution holds the values of a histogram or a summary.
type Distribution struct {
	Count uint64
	Sum   float64
	// NoSum says that Sum is unknown.
	NoSum bool
	// Min and Max hold only if HasRange.
	Min, Max float64
	HasRange bool
	// Bounds are the upper bounds of all buckets but the last, ascending.
	Bounds []float64
	// Buckets are the observations in each bucket alone, not cumulative; one
	// more than Bounds.
	Buckets []uint64
	// Quantiles are those of a summary.
	Quantiles []Quantile
}

// Quantile is one quantile of a summary.
type Quantile struct {
	Quantile, Value float64
}

// Reset empties the reading and keeps its memory.
func (r *Reading) Reset() {
	clear(r.Points)
	clear(r.labels)
	*r = Reading{Points: r.Points[:0], Dropped: r.Dropped[:0], labels: r.labels[:0]}
}

// Add appends a point without labels.
func (r *Reading) Add(family *Family, value Number) {
	r.Points = append(r.Points, Point{Family: family, Value: value})
}

// AddLabeled appends a point with a copy of the slice of labels (the texts
// themselves are kept, and must never change).
func (r *Reading) AddLabeled(family *Family, value Number, labels ...string) {
	r.Points = append(r.Points, Point{Family: family, Value: value, Labels: r.Labels(labels...)})
}

// Labels copies a slice of label texts into the reading's own memory.
func (r *Reading) Labels(texts ...string) []string {
	start := len(r.labels)
	r.labels = append(r.labels, texts...)
	return r.labels[start:len(r.labels):len(r.labels)]
}

// Number is an integer or a floating-point value.
type Number struct {
	bits  uint64
	float bool
}

// Int makes a number of an integer.
func Int(v int64) Number { return Number{bits: uint64(v)} }

// Float makes a number of a floating-point value.
func Float(v float64) Number { return Number{bits: math.Float64bits(v), float: true} }

// Bool is 1 for true and 0 for false.
func Bool(v bool) Number {
	if v {
		return Int(1)
	}
	return Int(0)
}

// IsFloat tells which of AsInt and AsFloat is exact.
func (n Number) IsFloat() bool { return n.float }

// AsInt is the integer; of a floating-point value, its whole part.
func (n Number) AsInt() int64 {
	if n.float {
		return int64(math.Float64frombits(n.bits))
	}
	return int64(n.bits)
}

// AsFloat is the value as floating point.
func (n Number) AsFloat() float64 {
	if n.float {
		return math.Float64frombits(n.bits)
	}
	return float64(int64(n.bits))
}

// Scaled multiplies the number. Integers stay integers while factor is whole,
// positive and the product fits; 0 as factor means 1.
func (n Number) Scaled(factor float64) Number {
	if factor == 0 || factor == 1 {
		return n
	}
	if !n.float && factor == math.Trunc(factor) && factor > 0 && factor < 1<<31 {
		v, f := int64(n.bits), int64(factor)
		if p := v * f; p/f == v {
			return Int(p)
		}
	}
	return Float(n.AsFloat() * factor)
}
