package jsonscan

import (
	"errors"
	"math"
	"strconv"
)

// Null consumes the next value if it is null, and reports whether it was.
func (s *Scanner) Null() bool {
	return s.Peek() == Null && s.literal("null")
}

// Bool consumes true or false.
func (s *Scanner) Bool() bool {
	if !s.expect(Bool) {
		return false
	}
	if s.data[s.pos] == 't' {
		return s.literal("true")
	}
	s.literal("false")
	return false
}

// literal consumes the given word.
func (s *Scanner) literal(word string) bool {
	for i := range len(word) {
		if s.pos == len(s.data) && !s.fill() {
			return false
		}
		if s.data[s.pos] != word[i] {
			s.fail(ErrSyntax, "neither true nor false nor null")
			return false
		}
		s.pos++
	}
	s.due = false
	return true
}

// Int64 consumes an integer. Like encoding/json, it rejects fractions and
// exponents, even if the value is an integer.
func (s *Scanner) Int64() int64 {
	digits, negative, ok := s.integer()
	if !ok {
		return 0
	}
	v, ok := parseDigits(digits)
	switch {
	case ok && !negative && v <= math.MaxInt64:
		return int64(v)
	case ok && negative && v <= -math.MinInt64:
		return -int64(v)
	}
	s.fail(ErrRange, "expected a signed 64-bit integer")
	return 0
}

// Uint64 consumes a non-negative integer.
func (s *Scanner) Uint64() uint64 {
	digits, negative, ok := s.integer()
	if !ok {
		return 0
	}
	v, ok := parseDigits(digits)
	if !ok || negative {
		s.fail(ErrRange, "expected an unsigned 64-bit integer")
		return 0
	}
	return v
}

// Float64 consumes a number. It rejects one that is too large for a float64.
func (s *Scanner) Float64() float64 {
	if !s.expect(Number) {
		return 0
	}
	number, ok := s.scanNumber()
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(string(number.bytes), 64)
	if err != nil {
		s.fail(ErrRange, "expected a 64-bit floating-point number")
		return 0
	}
	return v
}

// integer consumes a number without fraction and exponent.
func (s *Scanner) integer() (digits []byte, negative, ok bool) {
	if !s.expect(Number) {
		return nil, false, false
	}
	number, ok := s.scanNumber()
	if !ok {
		return nil, false, false
	}
	if !number.whole {
		s.fail(ErrKind, "a number with a fraction or an exponent instead of an integer")
		return nil, false, false
	}
	if number.bytes[0] == '-' {
		return number.bytes[1:], true, true
	}
	return number.bytes, false, true
}

// parseDigits parses digits without leading zeros, and reports whether the value
// fits into 64 bits.
func parseDigits(digits []byte) (v uint64, ok bool) {
	if len(digits) > len("18446744073709551615") {
		return 0, false
	}
	for _, c := range digits {
		digit := uint64(c - '0')
		if v > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		v = v*10 + digit
	}
	return v, true
}

// number is a number as it is written; whole is set without fraction and
// exponent.
type number struct {
	bytes []byte
	whole bool
}

// scanNumber consumes a number: an optional sign, digits without leading zeros,
// and an optional fraction and exponent.
func (s *Scanner) scanNumber() (number, bool) {
	start := s.Offset()
	s.hold = start
	n, ok := s.scanHeldNumber()
	s.hold = nowhere
	if !ok {
		return number{}, false
	}
	if s.Offset()-start > int64(s.limits.Token) {
		s.failAt(start, ErrTokenSize, "")
		return number{}, false
	}
	n.bytes = s.data[start-s.base : s.pos]
	s.due = false
	return n, true
}

func (s *Scanner) scanHeldNumber() (number, bool) {
	n := number{whole: true}
	c := s.here()
	if c == '-' {
		s.pos++
		c = s.here()
	}
	if c == '0' {
		s.pos++
	} else if !s.digits() {
		return n, false
	}
	if s.here() == '.' {
		n.whole = false
		s.pos++
		if !s.digits() {
			return n, false
		}
	}
	if c := s.here(); c == 'e' || c == 'E' {
		n.whole = false
		s.pos++
		if c := s.here(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return n, false
		}
	}
	return n, s.err == nil
}

// digits consumes at least one digit.
func (s *Scanner) digits() bool {
	if c := s.here(); c-'0' > 9 {
		if s.err == nil && s.pos == len(s.data) {
			s.fail(ErrTruncated, "")
		}
		s.fail(ErrSyntax, "expected a digit")
		return false
	}
	for c := s.here(); c-'0' <= 9; c = s.here() {
		s.pos++
	}
	return s.err == nil
}

// here returns the byte at pos, or 0 at the end of the input. Only numbers use it:
// unlike other values, they may end there without a delimiter.
func (s *Scanner) here() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	if s.reader == nil || !s.more() {
		return 0
	}
	return s.data[s.pos]
}

// more is like fill, but the end of the input outside of objects and arrays is
// not an error.
func (s *Scanner) more() bool {
	if s.fill() {
		return true
	}
	if e, ok := s.err.(*Error); ok && s.depth == 0 && errors.Is(e.Class, ErrTruncated) {
		s.err = nil
	}
	return false
}
