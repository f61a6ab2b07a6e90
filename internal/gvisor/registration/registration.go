package registration

import (
	"sort"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Registration is what one build of gVisor can report. It is shared by all
// sandboxes of that build and must not be changed.
type Registration struct {
	// Metrics are in the order of their paths.
	Metrics []Metric
	// Series is how many series there are: their numbers are below it.
	Series uint32

	byName map[string]*Metric

	mu         sync.Mutex
	selections map[string]*Selection
}

// Type is the type of a metric in snapshots, where it has these numbers.
type Type uint8

// Types of registered metrics.
const (
	Gauge     Type = 1
	Counter   Type = 2
	Histogram Type = 3
)

var typeNames = [...]string{Gauge: "gauge", Counter: "counter", Histogram: "histogram"}

func (t Type) String() string { return typeNames[t] }

// Metric is one registered metric.
type Metric struct {
	// Name is the Prometheus name without prefix: fs_opens.
	Name string
	// Path is gVisor's own name: /fs/opens.
	Path string
	// Help is the description.
	Help string
	Type Type
	// Fields are the labels, in the order of the registration.
	Fields []Field
	// Bounds are the lower bounds of all buckets but the first, and so the
	// upper bounds of all but the last; of histograms only.
	Bounds []int64
	// FloatBounds are the same for output.
	FloatBounds []float64

	// Family is how the metric is called in the output. A histogram also has
	// three families for what a histogram has no place for in the naming
	// "prometheus".
	Family        *sandbox.Family
	Min, Max, SSD *sandbox.Family

	// Index is the place in [Registration.Metrics].
	Index int
	// First is the number of the metric's first series, Series how many it has.
	First, Series uint32

	// Canonical is how the metric usually follows its name in a snapshot:
	//
	//	","type":2,"help":"Number of file opens."},
	Canonical []byte
}

// Field is a label and what it may be.
type Field struct {
	Key    string
	Values []string

	// stride is how far apart series are that differ by one in this field.
	stride uint32
	// ordinals finds a value where there are many.
	ordinals map[string]uint32
}

// fewValues is up to where looking through all values beats a map.
const fewValues = 4

// Ordinal is the place of an allowed value among [Field.Values].
func (f *Field) Ordinal(value []byte) (ordinal uint32, allowed bool) {
	if f.ordinals != nil {
		ordinal, allowed = f.ordinals[string(value)]
		return ordinal, allowed
	}
	for i, v := range f.Values {
		if v == string(value) {
			return uint32(i), true
		}
	}
	return 0, false
}

// Offset is what a value of this field adds to the number of a series.
func (f *Field) Offset(ordinal uint32) uint32 { return ordinal * f.stride }

// Labels appends the label values of a series, in the order of the fields.
func (m *Metric) Labels(values []string, series uint32) []string {
	rest := series - m.First
	for i := range m.Fields {
		field := &m.Fields[i]
		values = append(values, field.Values[rest/field.stride])
		rest %= field.stride
	}
	return values
}

// Buckets is how many buckets a histogram has.
func (m *Metric) Buckets() int { return len(m.Bounds) + 1 }

// Find finds a metric by its Prometheus name; nil if there is none.
func (r *Registration) Find(name []byte) *Metric { return r.byName[string(name)] }

// MetricOf finds the metric that a series belongs to.
func (r *Registration) MetricOf(series uint32) *Metric {
	after := sort.Search(len(r.Metrics), func(i int) bool { return r.Metrics[i].First > series })
	return &r.Metrics[after-1]
}
