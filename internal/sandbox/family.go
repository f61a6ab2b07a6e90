package sandbox

// Kind is the type of a metric.
type Kind uint8

const (
	// Gauge is a value that cannot be summed up meaningfully.
	Gauge Kind = iota
	// Counter is a cumulative, monotonic sum.
	Counter
	// UpDownCounter is a cumulative, non-monotonic sum.
	UpDownCounter
	// Histogram is a cumulative distribution over explicit buckets.
	Histogram
	// Summary is a distribution given as quantiles.
	Summary
)

// Origin is where a family was measured. Guest data crossed the boundary of the
// sandbox and is only as trustworthy as the guest.
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
// and is shared by all sandboxes of the same build. It is immutable.
type Family struct {
	// OTel describes the family in the naming "otel", Prometheus in the naming
	// "prometheus". A family is omitted from a naming in which it has no name.
	OTel, Prometheus Descriptor
	Origin           Origin
}

// Descriptor is how a family appears in one naming.
type Descriptor struct {
	Name        string
	Description string
	// Unit is UCUM in the naming "otel" and empty in "prometheus".
	Unit string
	Kind Kind
	// Scale is the factor applied to values in this naming; 0 means 1.
	Scale float64
	// LabelKeys holds one key for each of [Point.Labels]; an empty key omits
	// that label from this naming.
	LabelKeys []string
	// Attributes are the same on every point of the family.
	Attributes []Attribute
	// Info marks a family whose points rarely change. They are emitted only with
	// readings that have [Reading.Info] set.
	Info bool
}

// Factor returns Scale, or 1 if it is not set.
func (d *Descriptor) Factor() float64 {
	if d.Scale == 0 {
		return 1
	}
	return d.Scale
}
