package sandbox

// Point is the value of one series.
type Point struct {
	Family *Family
	// Labels holds one value per label key of the family's descriptors. The last
	// ones may be missing; their keys are then omitted.
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
	// NoSum means that Sum is unknown.
	NoSum bool
	// Min and Max are valid only if HasRange is set.
	Min, Max float64
	HasRange bool
	// Bounds are the upper bounds of all buckets but the last, ascending.
	Bounds []float64
	// Buckets are the counts per bucket, not cumulative; one more than Bounds.
	Buckets []uint64
	// Quantiles are those of a summary.
	Quantiles []Quantile
}

// Quantile is one quantile of a summary.
type Quantile struct {
	Quantile, Value float64
}
