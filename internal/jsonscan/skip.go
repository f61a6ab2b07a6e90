package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Skip consumes and validates the next value, of any kind.
func (s *Scanner) Skip() {
	if s.Peek() == Invalid || s.skipBuffered() {
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
		for s.depth > outer && !s.nextInAny() {
			if s.err != nil {
				return
			}
		}
		if s.err != nil || s.depth == outer {
			return
		}
	}
}

// nextInAny advances to the next entry or element of the open object or array.
func (s *Scanner) nextInAny() bool {
	if s.open[s.depth-1] >= newArray {
		return s.NextElement()
	}
	_, more := s.NextKey()
	return more
}

// skipBuffered is the fast path of [Scanner.Skip], for a value that is buffered
// completely, is valid, and contains nothing unusual. For any other value it
// does nothing and returns false; Skip then reads the value step by step and
// finds the error, if there is one.
func (s *Scanner) skipBuffered() bool {
	data, i := s.data, s.pos
	room := s.limits.Depth - s.depth
	var open nesting
value:
	for {
		if i = skipSpace(data, i); i >= len(data) {
			return false
		}
		switch c := data[i]; c {
		case '{', '[':
			if open.depth == room {
				return false
			}
			open.push(c == '{')
			i = skipSpace(data, i+1)
			// In ASCII, '}' is '{'+2 and ']' is '['+2.
			if i < len(data) && data[i] == c+2 {
				break // The loop below consumes the closing bracket.
			}
			if c == '{' {
				if i = s.skipKey(data, i); i < 0 {
					return false
				}
			}
			continue value
		default:
			if i = s.skipScalar(data, i); i < 0 {
				return false
			}
		}
		// After a value: consume all closing brackets, then the comma before the
		// next value.
		for open.depth > 0 {
			if i = skipSpace(data, i); i >= len(data) {
				return false
			}
			object := open.inObject()
			switch c := data[i]; {
			case c == ',' && object:
				if i = s.skipKey(data, i+1); i < 0 {
					return false
				}
				continue value
			case c == ',':
				i++
				continue value
			case c == '}' && object, c == ']' && !object:
				open.pop()
				i++
			default:
				return false
			}
		}
		s.pos, s.due = i, false
		return true
	}
}

// nesting is a stack of open objects and arrays, at most [MaxDepth] deep. The
// lowest bit of objects is set if the innermost one is an object, and so on.
type nesting struct {
	objects uint64
	depth   int
}

func (n *nesting) push(object bool) {
	n.objects <<= 1
	if object {
		n.objects |= 1
	}
	n.depth++
}

func (n *nesting) pop() {
	n.objects >>= 1
	n.depth--
}

func (n *nesting) inObject() bool { return n.objects&1 != 0 }

// The following functions return the index after what they skip, or -1 if
// skipBuffered does not handle it.

// skipSpace never returns -1.
func skipSpace(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	return i
}

// skipScalar skips a string, a literal or an integer.
func (s *Scanner) skipScalar(data []byte, i int) int {
	switch data[i] {
	case '"':
		return s.skipText(data, i)
	case 't', 'n':
		if len(data)-i < 4 || (string(data[i:i+4]) != "true" && string(data[i:i+4]) != "null") {
			return -1
		}
		return i + 4
	case 'f':
		if len(data)-i < 5 || string(data[i:i+5]) != "false" {
			return -1
		}
		return i + 5
	}
	return s.skipInteger(data, i)
}

// skipKey skips a key and its colon.
func (s *Scanner) skipKey(data []byte, i int) int {
	i = skipSpace(data, i)
	if i >= len(data) || data[i] != '"' {
		return -1
	}
	if i = s.skipText(data, i); i < 0 {
		return -1
	}
	i = skipSpace(data, i)
	if i >= len(data) || data[i] != ':' {
		return -1
	}
	return i + 1
}

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

// skipInteger handles an integer only if a byte follows it, because otherwise
// more digits may arrive.
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
