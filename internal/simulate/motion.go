package simulate

import "time"

// Motion defines how one value changes over time. It is a function of time, so
// thousands of sandboxes need no state for their values.
type Motion struct {
	Kind Kind
	// Level is the value of a constant, the mean of a gauge, or the growth per
	// second of a counter.
	Level uint64
	// Share selects a part of a counter, in units of 1/64; 0 means all of it. The
	// buckets of a histogram are shares of one counter, and its sum is a multiple
	// of it.
	Share uint64
	// Group replaces the index of the value if it is not 0, so that the values of
	// a group change together.
	Group uint64
}

// Kind selects the shape of a [Motion].
type Kind uint8

const (
	// Constant stays at the level.
	Constant Kind = iota
	// Growing starts above zero and never decreases.
	Growing
	// Wandering stays within an eighth of the level.
	Wandering
)

// At returns the value after the sandbox has run for elapsed. The seed is that
// of the sandbox; the index distinguishes its values.
func (m Motion) At(seed, index uint64, elapsed time.Duration) uint64 {
	if m.Kind == Constant {
		return m.Level
	}
	if m.Group != 0 {
		index = m.Group
	}
	random := mix(seed + index*goldenGamma)
	milliseconds := uint64(max(elapsed, 0) / time.Millisecond)
	switch m.Kind {
	case Growing:
		// The rate is half to one and a half times the level, and the counter
		// starts as if the sandbox had been busy for up to a minute.
		rate := m.Level/2 + random%(m.Level+1)
		v := 1 + m.Level*(random>>32%60) + rate*milliseconds/1000
		if m.Share != 0 {
			v = v * m.Share / 64
		}
		return v
	default:
		// The value rises and falls within a period of 30 to 120 seconds.
		period := 30_000 + random%90_000
		phase := (milliseconds + random>>32) % period
		rising := min(phase, period-phase)
		return m.Level - m.Level/8 + m.Level/4*rising*2/period
	}
}
