package series

// Reason is why a point was dropped.
type Reason int

// The reasons for dropping points. The order is that of reasonNames.
const (
	// TypeConflict means that the name belongs to a metric of another type, which more
	// resources have.
	TypeConflict Reason = iota
	// MaxSeries means that the limit on series is reached.
	MaxSeries
	// OldTimestamp means that the series has a newer point.
	OldTimestamp
	// Temporality means that the aggregation temporality cannot be converted.
	Temporality
	// InvalidName means that the metric or an attribute has no name that Prometheus accepts.
	InvalidName
	// InvalidHistogram means that a histogram contradicts itself.
	InvalidHistogram
	// LabelsTooLong means that the labels exceed maxLabelBytes.
	LabelsTooLong

	reasonCount
)

var reasonNames = [reasonCount]string{
	"type_conflict",
	"max_series",
	"old_timestamp",
	"unsupported_temporality",
	"invalid_name",
	"invalid_histogram",
	"labels_too_long",
}

// Reasons returns all reasons.
func Reasons() []Reason {
	reasons := make([]Reason, reasonCount)
	for i := range reasons {
		reasons[i] = Reason(i)
	}
	return reasons
}

func (r Reason) String() string { return reasonNames[r] }

// Dropped counts dropped points by reason.
type Dropped [reasonCount]int

// Drop describes the first point that was dropped for a reason, for the log.
type Drop struct {
	Reason Reason
	Metric string
	Err    error
}
