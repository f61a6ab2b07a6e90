package sandbox

// Kind is how the values of a family behave over time.
type Kind uint8

const (
	// Gauge is a level that may not be added up.
	Gauge Kind = iota
	// Counter only grows: a cumulative, monotonic sum.
	Counter
	// UpDownCounter is a level that may be added up: a cumulative,
	// non-monotonic sum.
	UpDownCounter
	// Histogram is a cumulative distribution over explicit buckets.
	Histogram
	// Summary is a distribution given as quantiles.
	Summary
)

// Origin tells who measured a family. Guest data crossed the border of the
// sandbox and is only as honest as the guest.
type Origin uint8

const (
	// Host data was measured by the runtime outside the guest.
	Host Origin = iota
	// Guest data was measured inside the sandbox.
	Guest
	// Receiver data was measured by this receiver.
	Receiver
)

// Family describes all points of one metric, or, where a runtime packs several
// metrics into one name, of one part of it. A family exists once per process
// and is shared by all sandboxes of the same build; it must not be changed
// after it was handed out.
type Family struct {
	// OTel is the form in the naming "otel", Prometheus in the naming
	// "prometheus". A form without a name is left out in that naming.
	OTel, Prometheus Descriptor
	Origin           Origin
}

// Descriptor is how a family looks in one naming.
type Descriptor struct {
	Name        string
	Description string
	// Unit is UCUM in the naming "otel" and empty in "prometheus".
	Unit string
	Kind Kind
	// Scale is what a value is multiplied by in this naming; 0 means 1.
	Scale float64
	// LabelKeys holds one key for each of [Point.Labels]; an empty key leaves
	// that label out in this naming.
	LabelKeys []string
	// Attributes are the same on every point of the family.
	Attributes []Attribute
	// Constant: the points hardly ever change, so only readings with
	// [Reading.Constants] say them again.
	Constant bool
}

// Factor is what a value is multiplied by: Scale, or 1 if that is not set.
func (f *Descriptor) Factor() float64 {
	if f.Scale == 0 {
		return 1
	}
	return f.Scale
}
