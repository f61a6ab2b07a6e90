package series

import (
	"hash/maphash"
	"math"
	"math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// hasher hashes attributes and labels with a random seed, so that no source can
// choose attributes that collide. 64 bits identify a series: with a million series,
// the probability of any collision is below 1e-7.
type hasher struct {
	seed maphash.Seed
}

func (h hasher) string(s string) uint64 {
	return maphash.String(h.seed, s)
}

// mix returns a hash of two hashes that depends on their order.
func mix(a, b uint64) uint64 {
	a ^= bits.RotateLeft64(b, 31) + 0x9e3779b97f4a7c15
	a *= 0xbf58476d1ce4e5b9
	a ^= a >> 29
	a *= 0x94d049bb133111eb
	return a ^ a>>32
}

// attributes returns a hash that does not depend on the order of the attributes.
func (h hasher) attributes(attributes pcommon.Map) uint64 {
	if attributes.Len() == 0 {
		return 0
	}
	var sum uint64
	for key, value := range attributes.All() {
		sum += mix(h.string(key), h.value(value))
	}
	return sum
}

func (h hasher) value(value pcommon.Value) uint64 {
	kind := value.Type()
	switch kind {
	case pcommon.ValueTypeStr:
		return h.string(value.Str())
	case pcommon.ValueTypeBool:
		if value.Bool() {
			return mix(uint64(kind), 1)
		}
		return mix(uint64(kind), 0)
	case pcommon.ValueTypeInt:
		return mix(uint64(kind), uint64(value.Int()))
	case pcommon.ValueTypeDouble:
		return mix(uint64(kind), math.Float64bits(value.Double()))
	case pcommon.ValueTypeEmpty:
		return mix(uint64(kind), 2)
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice, pcommon.ValueTypeBytes:
		return mix(uint64(kind), h.string(value.AsString()))
	}
	return mix(uint64(kind), h.string(value.AsString()))
}
