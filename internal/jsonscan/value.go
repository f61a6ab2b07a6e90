package jsonscan

import (
	"errors"
	"math"
	"strconv"
)

// Null consumes a null, if that comes next, and tells whether it did.
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

// literal consumes a word.
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

// Int64 consumes an integer. Fractions and exponents are refused, even where
// the value is whole, as encoding/json does.
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
	s.fail(ErrRange, "a signed integer of 64 bits expected")
	return 0
}

// Uint64 consumes an integer that is not negative.
func (s *Scanner) Uint64() uint64 {
	digits, negative, ok := s.integer()
	if !ok {
		return 0
	}
	v, ok := parseDigits(digits)
	if !ok || negative {
		s.fail(ErrRange, "an unsigned integer of 64 bits expected")
		return 0
	}
	return v
}

// Float64 consumes a number. One that is too large for a float64 is refused.
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
		s.fail(ErrRange, "a floating-point number of 64 bits expected")
		return 0
	}
	return v
}

// integer consumes a number that has only digits, and perhaps a sign.
func (s *Scanner) integer() (digits []byte, negative, ok bool) {
	if !s.expect(Number) {
		return nil, false, false
	}
	number, ok := s.scanNumber()
	if !ok {
		return nil, false, false
	}
	if !number.whole {
		s.fail(ErrKind, "a number with fraction or exponent instead of an integer")
		return nil, false, false
	}
	if number.bytes[0] == '-' {
		return number.bytes[1:], true, true
	}
	return number.bytes, false, true
}

// parseDigits converts digits without leading zeros, and tells whether the
// value fits.
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

// number is a number as it is written.
type number struct {
	bytes []byte
	whole bool
}

// scanNumber consumes a number: a sign, digits without leading zeros, a
// fraction, an exponent.
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
		s.fail(ErrSyntax, "a digit expected")
		return false
	}
	for c := s.here(); c-'0' <= 9; c = s.here() {
		s.pos++
	}
	return s.err == nil
}

// here is the byte at pos, 0 at the end of the input: only there a number may
// end without anything after it.
func (s *Scanner) here() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	if s.reader == nil || !s.more() {
		return 0
	}
	return s.data[s.pos]
}

// more is fill, except that the end of the input at the outermost level is no
// error.
func (s *Scanner) more() bool {
	if s.fill() {
		return true
	}
	if e, ok := s.err.(*Error); ok && s.depth == 0 && errors.Is(e.Class, ErrTruncated) {
		s.err = nil
	}
	return false
}
