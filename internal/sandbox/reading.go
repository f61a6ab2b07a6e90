package sandbox

import "time"

// Reading is the result of one pull of one sandbox. It is scratch space: its
// owner resets and reuses it, so nothing in it may be retained except families
// and label values, which are shared and immutable.
//
// Points belong to the resource of the sandbox, except those after a call of
// [Reading.Resource], which belong to that part of the sandbox.
type Reading struct {
	// Time is when the values were taken.
	Time time.Time
	// Start is the start time of cumulative values: the start of the sandbox, or
	// its restore.
	Start time.Time
	// Discovered is the start time of what the receiver itself counts: when it
	// discovered the sandbox.
	Discovered time.Time
	// Points hold the values. Points of one family, and of families with the
	// same name, should be adjacent: they become one metric.
	Points []Point
	// ResponseSize is the number of bytes that the sandbox sent.
	ResponseSize int
	// Info means that points of info families ([Descriptor.Info]) are emitted.
	// In other readings they are ignored.
	Info bool
	// Usage is how a request for the usage of the sandbox ended, empty if there was
	// none.
	Usage Outcome
	// Dropped counts the points of the response that were dropped, by reason.
	Dropped []Dropped

	parts         []Part
	labels        []string
	distributions []*ownDistribution
}

// Part is a run of points that belong to one resource.
type Part struct {
	// Identity is the resource, nil for the sandbox itself.
	Identity *Identity
	// Ended means that the resource has ended: each of its points identifies a
	// series that has ended; the values are ignored.
	Ended  bool
	Points []Point

	first int
}

// Dropped is the number of points dropped for one reason. Reasons are short and
// from a closed list, for example "forged" or "duplicate".
type Dropped struct {
	Reason string
	Points int
}

// Drop counts dropped points.
func (r *Reading) Drop(reason string, points int) {
	for i := range r.Dropped {
		if r.Dropped[i].Reason == reason {
			r.Dropped[i].Points += points
			return
		}
	}
	r.Dropped = append(r.Dropped, Dropped{reason, points})
}

// Reset empties the reading and keeps its memory.
func (r *Reading) Reset() {
	clear(r.Points)
	clear(r.labels)
	clear(r.parts)
	for _, own := range r.distributions {
		own.Distribution = Distribution{}
	}
	*r = Reading{
		Points: r.Points[:0], Dropped: r.Dropped[:0],
		parts: r.parts[:0], labels: r.labels[:0], distributions: r.distributions[:0],
	}
}

// Add appends a point without labels.
func (r *Reading) Add(family *Family, value Number) {
	r.Points = append(r.Points, Point{Family: family, Value: value})
}

// AddLabeled appends a point with a copy of the slice of labels. The strings
// themselves are retained.
func (r *Reading) AddLabeled(family *Family, value Number, labels ...string) {
	r.Points = append(r.Points, Point{Family: family, Value: value, Labels: r.Labels(labels...)})
}

// Labels copies a slice of label values into the reading's own memory.
func (r *Reading) Labels(values ...string) []string {
	start := len(r.labels)
	r.labels = append(r.labels, values...)
	return r.labels[start:len(r.labels):len(r.labels)]
}

// ownDistribution is a distribution in the memory of a reading, with the memory
// for its slices.
type ownDistribution struct {
	Distribution
	buckets   []uint64
	quantiles []Quantile
}

// Distribution copies a distribution into the reading's own memory. The bounds
// are shared.
func (r *Reading) Distribution(values *Distribution) *Distribution {
	used := len(r.distributions)
	if used < cap(r.distributions) {
		r.distributions = r.distributions[:used+1]
	} else {
		r.distributions = append(r.distributions, nil)
	}
	own := r.distributions[used]
	if own == nil {
		own = new(ownDistribution)
		r.distributions[used] = own
	}
	own.buckets = append(own.buckets[:0], values.Buckets...)
	own.quantiles = append(own.quantiles[:0], values.Quantiles...)
	own.Distribution = *values
	own.Buckets, own.Quantiles = own.buckets, own.quantiles
	return &own.Distribution
}

// Resource makes all points appended from now on belong to a part of the
// sandbox with its own resource, such as one of its containers; nil returns to
// the sandbox itself.
func (r *Reading) Resource(identity *Identity) { r.startPart(identity, false) }

// EndResource makes each point appended from now on identify a series of that
// resource that has ended, while the sandbox itself goes on. The values are
// ignored.
func (r *Reading) EndResource(identity *Identity) { r.startPart(identity, true) }

func (r *Reading) startPart(identity *Identity, ended bool) {
	current := Part{}
	if last := len(r.parts) - 1; last >= 0 {
		current = r.parts[last]
	}
	if current.Identity != identity || current.Ended != ended {
		r.parts = append(r.parts, Part{Identity: identity, Ended: ended, first: len(r.Points)})
	}
}

// Parts calls yield for each run of points of one resource, in order. Empty runs
// are omitted.
func (r *Reading) Parts(yield func(Part) bool) {
	current := Part{}
	for i := 0; i <= len(r.parts); i++ {
		end := len(r.Points)
		if i < len(r.parts) {
			end = r.parts[i].first
		}
		if end > current.first {
			current.Points = r.Points[current.first:end]
			if !yield(current) {
				return
			}
		}
		if i < len(r.parts) {
			current = r.parts[i]
		}
	}
}

// HasEnded reports whether a resource ends with this reading while the sandbox
// itself goes on.
func (r *Reading) HasEnded() bool {
	for i := range r.parts {
		if r.parts[i].Ended {
			return true
		}
	}
	return false
}

// TakeEnded removes the parts that have ended and calls take for each of them
// before.
func (r *Reading) TakeEnded(take func(Part)) {
	points, parts := r.Points[:0], r.parts[:0]
	var kept []Part
	for part := range r.Parts {
		if part.Ended {
			take(part)
		} else {
			kept = append(kept, part)
		}
	}
	for _, part := range kept {
		parts = append(parts, Part{Identity: part.Identity, first: len(points)})
		points = append(points, part.Points...)
	}
	clear(r.Points[len(points):])
	r.Points, r.parts = points, parts
}
