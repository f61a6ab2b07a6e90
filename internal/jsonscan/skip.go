package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Skip consumes the next value, whatever it is. It must be valid nevertheless.
func (s *Scanner) Skip() {
	if s.Peek() == Invalid || s.skipSeen() {
		return
	}
	outer := s.depth
	for {
		switch s.Peek() {
		case Object:
			s.OpenObject()
		case Array:
			s.OpenArray()
		case String:
			s.scanText()
		case Number:
			s.scanNumber()
		case Bool:
			s.Bool()
		case Null:
			s.Null()
		}
		for s.depth > outer && !s.stepInto() {
			if s.err != nil {
				return
			}
		}
		if s.err != nil || s.depth == outer {
			return
		}
	}
}

// stepInto steps to the next element of whatever is open.
func (s *Scanner) stepInto() bool {
	if s.open[s.depth-1] >= newArray {
		return s.NextElement()
	}
	_, more := s.NextKey()
	return more
}

// skipSeen is Skip for a value that has arrived completely and has nothing
// unusual in it. It is what makes passing over large values fast. In all other
// cases, and there are many more of them than checks in here, it does nothing
// and tells so: then [Scanner.Skip] goes through the value step by step, and
// finds out what to say about it.
func (s *Scanner) skipSeen() bool {
	var (
		data = s.data
		i    = s.pos
		// objects has a bit for each container that is open, the innermost
		// lowest, that tells whether it is an object.
		objects uint64
		depth   = 0
		room    = s.limits.Depth - s.depth
	)
value:
	for {
		for i < len(data) && isSpace(data[i]) {
			i++
		}
		if i >= len(data) {
			return false
		}
		switch c := data[i]; c {
		case '{', '[':
			if depth == room {
				return false
			}
			depth++
			objects <<= 1
			if c == '{' {
				objects |= 1
			}
			i++
			for i < len(data) && isSpace(data[i]) {
				i++
			}
			// '}' and ']' come two after their openings in ASCII.
			if i < len(data) && data[i] == c+2 {
				break // out of the switch: the end is found below
			}
			if c == '{' {
				if i = s.skipKey(data, i); i < 0 {
					return false
				}
			}
			continue value
		case '"':
			if i = s.skipText(data, i); i < 0 {
				return false
			}
		case 't', 'n':
			if len(data)-i < 4 || (string(data[i:i+4]) != "true" && string(data[i:i+4]) != "null") {
				return false
			}
			i += 4
		case 'f':
			if len(data)-i < 5 || string(data[i:i+5]) != "false" {
				return false
			}
			i += 5
		default:
			if i = s.skipInteger(data, i); i < 0 {
				return false
			}
		}
		// After a value: out of all containers that end here, and over the
		// comma to the next value.
		for {
			if depth == 0 {
				s.pos = i
				s.due = false
				return true
			}
			for i < len(data) && isSpace(data[i]) {
				i++
			}
			if i >= len(data) {
				return false
			}
			object := objects&1 != 0
			switch c := data[i]; {
			case c == ',':
				i++
				if object {
					if i = s.skipKey(data, i); i < 0 {
						return false
					}
				}
				continue value
			case c == '}' && object, c == ']' && !object:
				objects >>= 1
				depth--
				i++
			default:
				return false
			}
		}
	}
}

// skipKey is the index after a key and its colon, or -1.
func (s *Scanner) skipKey(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	if i >= len(data) || data[i] != '"' {
		return -1
	}
	if i = s.skipText(data, i); i < 0 {
		return -1
	}
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	if i >= len(data) || data[i] != ':' {
		return -1
	}
	return i + 1
}

// skipText is the index after a string, or -1.
func (s *Scanner) skipText(data []byte, i int) int {
	start := i + 1
	for i = start; ; {
		i += plain(data[i:])
		if i >= len(data) {
			return -1
		}
		switch c := data[i]; {
		case c == '"':
			if i-start > s.limits.Token {
				return -1
			}
			return i + 1
		case c == '\\' && len(data)-i >= 2 && escapes[data[i+1]] != 0:
			i += 2
		case c == '\\' && len(data)-i >= 6 && data[i+1] == 'u':
			digits := data[i+2 : i+6]
			for _, digit := range digits {
				if hexDigit(digit) < 0 {
					return -1
				}
			}
			if utf16.IsSurrogate(hexUnit(digits)) {
				return -1
			}
			i += 6
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				return -1
			}
			i += size
		default:
			return -1
		}
	}
}

// skipInteger is the index after an integer, or -1. Something must follow it,
// because otherwise it may go on.
func (s *Scanner) skipInteger(data []byte, i int) int {
	start := i
	if data[i] == '-' {
		i++
	}
	first := i
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	digits := i - first
	if digits == 0 || i-start > s.limits.Token || i >= len(data) || (digits > 1 && data[first] == '0') {
		return -1
	}
	switch data[i] {
	case ',', '}', ']', ' ', '\n', '\t', '\r':
		return i
	}
	return -1
}
