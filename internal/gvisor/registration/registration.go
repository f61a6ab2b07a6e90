package registration

import (
	"sort"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Registration lists the metrics of one build of gVisor. It is shared by all
// sandboxes of that build and must not be changed.
type Registration struct {
	// Metrics are sorted by path.
	Metrics []Metric
	// Series is the number of series. Series are numbered from 0.
	Series uint32

	byName map[string]*Metric
	// size is what retained returns, 0 before its first call.
	size int64

	mu         sync.Mutex
	selections map[selectionKey]*Selection
}

// Type is the type of a metric, with the value that it has in snapshots.
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
	// Name is the Prometheus name without prefix, for example fs_opens.
	Name string
	// Path is gVisor's own name, for example /fs/opens.
	Path string
	// Help is the description.
	Help string
	Type Type
	// Dropped means that the metric is unknown and its points are skipped. It has
	// only a name, a path and a type then, and no series.
	Dropped bool
	// unknown means that the metric is unknown and was kept.
	unknown bool
	// Fields are the labels, in the order of the registration.
	Fields []Field
	// CountsSyscalls means that the only field is the number of a system call. The
	// family has a second label key, for its name, in the naming "otel".
	CountsSyscalls bool
	// Bounds are the lower bounds of all buckets except the first one, which are
	// also the upper bounds of all buckets except the last one. Only those of
	// histograms are used.
	Bounds []int64
	// FloatBounds are the same bounds for output.
	FloatBounds []float64

	// Family describes the metric in the output.
	Family *sandbox.Family
	// Min, Max and SSD are additional families of a histogram, for the values
	// that a histogram in the naming "prometheus" cannot carry.
	Min, Max, SSD *sandbox.Family

	// Index is the index in [Registration.Metrics].
	Index int
	// First is the number of the metric's first series, and Series the number of
	// its series.
	First, Series uint32

	// Canonical is what usually follows the name of the metric in a snapshot:
	//
	//	","type":2,"help":"Number of file opens."},
	Canonical []byte
}

// Field is a label and its allowed values.
type Field struct {
	Key    string
	Values []string

	// stride is the distance between the numbers of two series that differ by
	// one ordinal in this field.
	stride uint32
	// ordinals is the index of Values, unless there are few.
	ordinals map[string]uint32
}

// maxLinearValues is the number of values up to which a linear search is faster
// than a map.
const maxLinearValues = 4

// Ordinal returns the index of an allowed value in [Field.Values].
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

// Offset returns the part of a series number that a value of this field
// contributes.
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

// Buckets returns the number of buckets of a histogram.
func (m *Metric) Buckets() int { return len(m.Bounds) + 1 }

// Find returns the metric with a Prometheus name, or nil if there is none.
func (r *Registration) Find(name []byte) *Metric { return r.byName[string(name)] }

// MetricOf returns the metric of a series.
func (r *Registration) MetricOf(series uint32) *Metric {
	after := sort.Search(len(r.Metrics), func(i int) bool { return r.Metrics[i].First > series })
	return &r.Metrics[after-1]
}
