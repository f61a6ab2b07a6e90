package simulate

import "time"

// motion is how one number changes with time: a function, so that thousands of
// sandboxes need no state for their numbers.
type motion struct {
	kind motionKind
	// a is the level of a constant or a gauge, and the growth per second of a
	// counter.
	a uint64
	// share is which part of a counter is meant, in 1/64ths; 0 means all. The
	// buckets of a histogram are shares of one counter, its sum is several
	// times as much.
	share uint64
	// same is mixed with the seed instead of the place in the list if it is
	// not 0, so that several numbers move as one.
	same uint64
}

type motionKind uint8

const (
	// constant stays at a.
	constant motionKind = iota
	// growing starts above zero and never falls.
	growing
	// wandering stays within an eighth of a.
	wandering
)

// at is the value after the sandbox has run for elapsed. seed is the
// sandbox's, place tells its numbers apart.
func (m motion) at(seed, place uint64, elapsed time.Duration) uint64 {
	if m.kind == constant {
		return m.a
	}
	if m.same != 0 {
		place = m.same
	}
	random := mix(seed + place*0x9e3779b97f4a7c15)
	milliseconds := uint64(max(elapsed, 0) / time.Millisecond)
	switch m.kind {
	case growing:
		// Half to one and a half times the usual growth, and as if the sandbox
		// had been busy for up to a minute before.
		rate := m.a/2 + random%(m.a+1)
		v := 1 + m.a*(random>>32%60) + rate*milliseconds/1000
		if m.share != 0 {
			v = v * m.share / 64
		}
		return v
	default:
		// Up and down again in half a minute to two minutes.
		period := 30_000 + random%90_000
		phase := (milliseconds + random>>32) % period
		rising := min(phase, period-phase)
		return m.a - m.a/8 + m.a/4*rising*2/period
	}
}

// mix is the finaliser of splitmix64: equal inputs give equal outputs, similar
// inputs very different ones.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
