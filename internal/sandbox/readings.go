package sandbox

import "sync"

// readings are scratch space that collection and sinks share.
var readings = sync.Pool{New: func() any {
	return &Reading{Points: make([]Point, 0, typicalPoints)}
}}

const (
	// typicalPoints is enough for the points of most sandboxes.
	typicalPoints = 128
	// maxPooledPoints is the largest capacity of a reading that is reused. A
	// larger one came from an unusual sandbox and would only retain memory.
	maxPooledPoints = 4096
)

// NewReading returns an empty reading. [Reading.Free] gives it back.
func NewReading() *Reading { return readings.Get().(*Reading) }

// Free gives a reading back for reuse. It must not be used afterwards.
func (r *Reading) Free() {
	if cap(r.Points) > maxPooledPoints {
		return
	}
	r.Reset()
	readings.Put(r)
}
