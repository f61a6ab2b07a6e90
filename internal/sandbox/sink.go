package sandbox

import "context"

// Sink accepts the readings of the collection and turns them into output, for example
// into pdata for a pipeline.
type Sink interface {
	// Lanes is the number of lanes. Deliveries of one lane stay in order, and
	// different lanes do not wait for each other.
	Lanes() int
	// Deliver passes deliveries on and owns their readings from then on. It may
	// block as long as the pipeline does, until the context ends.
	Deliver(ctx context.Context, lane int, deliveries []Delivery)
}

// Delivery is one reading on its way to a sink.
type Delivery struct {
	// Identity is nil for readings that are not about a single sandbox.
	Identity *Identity
	Reading  *Reading
	// End means that each point of the reading identifies a series that has ended;
	// the values are ignored.
	End bool
	// Source is notified if the reading is lost; it may be nil.
	Source Source
}

// Source is the origin of a delivery, as its sink sees it.
type Source interface {
	// Lost reports that the points of a reading were not accepted. If repull is
	// true, pull again soon; otherwise another pull would only add load. It does
	// not block.
	Lost(repull bool)
}
