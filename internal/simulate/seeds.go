package simulate

import (
	"fmt"
	"sync/atomic"
)

// Seeds generates the random numbers behind identifiers and values: the same
// first seed produces the same sequence.
type Seeds struct{ state atomic.Uint64 }

// NewSeeds returns the sequence that starts from a seed.
func NewSeeds(seed uint64) *Seeds {
	s := &Seeds{}
	s.state.Store(mix(seed + 1))
	return s
}

// Next returns the next number.
func (s *Seeds) Next() uint64 { return mix(s.state.Add(goldenGamma)) }

// ID returns an identifier of 64 hexadecimal digits, as container runtimes
// generate them.
func (s *Seeds) ID() string {
	return fmt.Sprintf("%016x%016x%016x%016x", s.Next(), s.Next(), s.Next(), s.Next())
}

// goldenGamma is the increment of splitmix64.
const goldenGamma = 0x9e3779b97f4a7c15

// mix is the finalizer of splitmix64: equal inputs give equal outputs, similar
// inputs very different ones.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// uuid formats a number as a version 4 UUID.
func uuid(number uint64) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x",
		uint32(number), uint16(number>>32), number>>48&0xfff, number>>52&0xfff, mix(number)&0xffffffffffff)
}
