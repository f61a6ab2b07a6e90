package sandbox

import "math"

// Number is an integer or a floating-point value.
type Number struct {
	bits  uint64
	float bool
}

// Int returns an integer as a number.
func Int(v int64) Number { return Number{bits: uint64(v)} }

// Float returns a floating-point value as a number.
func Float(v float64) Number { return Number{bits: math.Float64bits(v), float: true} }

// Bool returns 1 for true and 0 for false.
func Bool(v bool) Number {
	if v {
		return Int(1)
	}
	return Int(0)
}

// IsFloat reports whether the number is a floating-point value.
func (n Number) IsFloat() bool { return n.float }

// AsInt returns the integer, or the integer part of a floating-point value.
func (n Number) AsInt() int64 {
	if n.float {
		return int64(math.Float64frombits(n.bits))
	}
	return int64(n.bits)
}

// AsFloat returns the value as floating point.
func (n Number) AsFloat() float64 {
	if n.float {
		return math.Float64frombits(n.bits)
	}
	return float64(int64(n.bits))
}

// Scaled returns the number multiplied by factor; a factor of 0 means 1. An integer
// stays an integer if the factor is a positive integer and the product fits.
func (n Number) Scaled(factor float64) Number {
	if factor == 0 || factor == 1 {
		return n
	}
	if !n.float && factor == math.Trunc(factor) && factor > 0 && factor < 1<<31 {
		v, f := int64(n.bits), int64(factor)
		if p := v * f; p/f == v {
			return Int(p)
		}
	}
	return Float(n.AsFloat() * factor)
}
