package usage

import "math"

// transition is how a value of a counter relates to the previous one.
type transition uint8

const (
	// continued: the value is from the same source. A value that is lower than before
	// is an inaccuracy of the kernel.
	continued transition = iota
	// restarted: the source started again at 0.
	restarted
	// resumed: the value is from another source, which counts from a different
	// start.
	resumed
	// adjustable: the value is from the same source, which is a sum whose parts can
	// disappear, such as the devices of io.stat.
	adjustable
)

// counter accumulates the values of a source, so that the total never decreases.
type counter struct {
	total, last uint64
	started     bool
}

// advance adds a value of the source and returns the total.
func (c *counter) advance(value uint64, how transition) uint64 {
	switch {
	case !c.started:
		c.started = true
	case how == restarted:
		c.last = 0
	case how == resumed, how == adjustable && value < c.last:
		c.last = value
	}
	if value > c.last {
		c.total += min(value-c.last, math.MaxInt64-c.total)
		c.last = value
	}
	return c.total
}
