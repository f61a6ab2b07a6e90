package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// String consumes a string and returns its text without escapes. It is valid
// UTF-8.
func (s *Scanner) String() []byte {
	if !s.expect(String) {
		return nil
	}
	text, ok := s.scanText()
	if !ok {
		return nil
	}
	return s.text(text)
}

// span is a string in the input: the offsets of the text between the quotes.
type span struct {
	start, end int64
	escaped    bool
}

// scanText consumes and validates a string, which must come next.
func (s *Scanner) scanText() (span, bool) {
	start := s.Offset() + 1
	s.hold = start - 1
	text, ok := s.scanHeldText(start)
	s.hold = nowhere
	if ok && text.end-text.start > int64(s.limits.Token) {
		s.failAt(start, ErrTokenSize, "")
		ok = false
	}
	s.due = false
	return text, ok
}

func (s *Scanner) scanHeldText(start int64) (span, bool) {
	text := span{start: start}
	s.pos++
	for {
		s.pos += plain(s.data[s.pos:])
		if s.pos == len(s.data) {
			if s.Offset()-start > int64(s.limits.Token) {
				s.failAt(start, ErrTokenSize, "")
				return text, false
			}
			if !s.fill() {
				return text, false
			}
			continue
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			text.end = s.Offset()
			s.pos++
			return text, true
		case c == '\\':
			text.escaped = true
			if !s.scanEscape() {
				return text, false
			}
		case c < ' ':
			s.fail(ErrSyntax, "control character in a string")
			return text, false
		case !s.scanRune():
			return text, false
		}
	}
}

// plain returns how many bytes at the start are ordinary: printable ASCII other
// than quotes and backslashes.
func plain(data []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	n := 0
	for ; len(data)-n >= 8; n += 8 {
		// The high bit of each byte of marks is set if the byte is special. A
		// borrow can set the bits of bytes after the first special one by
		// mistake, but only the first one is used.
		word := binary.LittleEndian.Uint64(data[n:])
		marks := word | (word - ' '*ones) | ((word ^ '"'*ones) - ones) | ((word ^ '\\'*ones) - ones)
		if marks &= highs; marks != 0 {
			return n + bits.TrailingZeros64(marks)/8
		}
	}
	for ; n < len(data); n++ {
		if c := data[n]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return n
		}
	}
	return n
}

// ensure reads until at least n bytes from pos on are buffered.
func (s *Scanner) ensure(n int) bool {
	for len(s.data)-s.pos < n {
		if !s.fill() {
			return false
		}
	}
	return true
}

func (s *Scanner) scanRune() bool {
	for !utf8.FullRune(s.data[s.pos:]) {
		if !s.fill() {
			return false
		}
	}
	r, size := utf8.DecodeRune(s.data[s.pos:])
	if r == utf8.RuneError && size == 1 {
		s.fail(ErrText, "invalid UTF-8")
		return false
	}
	s.pos += size
	return true
}

// escapes maps the character after a backslash to the character it represents,
// or to 0.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (s *Scanner) scanEscape() bool {
	if !s.ensure(2) {
		return false
	}
	c := s.data[s.pos+1]
	if escapes[c] != 0 {
		s.pos += 2
		return true
	}
	if c != 'u' {
		s.fail(ErrSyntax, "unknown escape sequence in a string")
		return false
	}
	unit, ok := s.scanUnit()
	if !ok || !utf16.IsSurrogate(unit) {
		return ok
	}
	// The second of a pair of surrogates must follow immediately.
	at := s.Offset() - 6
	if !s.ensure(1) || (s.data[s.pos] == '\\' && !s.ensure(2)) {
		return false
	}
	if s.data[s.pos] == '\\' && s.data[s.pos+1] == 'u' {
		second, ok := s.scanUnit()
		if !ok {
			return false
		}
		if utf16.DecodeRune(unit, second) != utf8.RuneError {
			return true
		}
	}
	s.failAt(at, ErrText, "unpaired surrogate")
	return false
}

// scanUnit consumes \uXXXX.
func (s *Scanner) scanUnit() (rune, bool) {
	// Each digit is checked as it arrives, so that an invalid one fails without
	// waiting for the rest.
	for i := 2; i < 6; i++ {
		if !s.ensure(i + 1) {
			return 0, false
		}
		if hexDigit(s.data[s.pos+i]) < 0 {
			s.fail(ErrSyntax, "escape sequence without four hexadecimal digits")
			return 0, false
		}
	}
	unit := hexUnit(s.data[s.pos+2:])
	s.pos += 6
	return unit, true
}

func hexUnit(digits []byte) rune {
	return hexDigit(digits[0])<<12 | hexDigit(digits[1])<<8 | hexDigit(digits[2])<<4 | hexDigit(digits[3])
}

func hexDigit(c byte) rune {
	switch {
	case c-'0' <= 9:
		return rune(c - '0')
	case c-'a' <= 5:
		return rune(c-'a') + 10
	case c-'A' <= 5:
		return rune(c-'A') + 10
	}
	return -1
}

// text returns the text of a validated string without escapes.
func (s *Scanner) text(text span) []byte {
	raw := s.data[text.start-s.base : text.end-s.base : text.end-s.base]
	if !text.escaped {
		return raw
	}
	if s.anchor == nowhere {
		s.unescaped = s.unescaped[:0]
	}
	start := len(s.unescaped)
	for i := 0; i < len(raw); {
		n := plain(raw[i:])
		if n == 0 && raw[i] != '\\' {
			n = 1
		}
		if n > 0 {
			s.unescaped = append(s.unescaped, raw[i:i+n]...)
			i += n
			continue
		}
		if raw[i+1] != 'u' {
			s.unescaped = append(s.unescaped, escapes[raw[i+1]])
			i += 2
			continue
		}
		r := hexUnit(raw[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			r = utf16.DecodeRune(r, hexUnit(raw[i+2:]))
			i += 6
		}
		s.unescaped = utf8.AppendRune(s.unescaped, r)
	}
	return s.unescaped[start:len(s.unescaped):len(s.unescaped)]
}
