package exposition

import "bytes"

// Bits of a character class.
const (
	nameStart = 1 << iota
	nameByte
	labelStart
	labelByte
)

// classes holds the character classes of each byte.
var classes = func() (table [256]uint8) {
	for b := range table {
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_'
		digit := '0' <= b && b <= '9'
		if letter {
			table[b] |= labelStart | nameStart
		}
		if letter || digit {
			table[b] |= labelByte | nameByte
		}
		if b == ':' {
			table[b] |= nameStart | nameByte
		}
	}
	return table
}()

// classify determines the kind of the current line. It returns false for blank
// lines and comments.
func (s *Scanner) classify() bool {
	at := skipBlanks(s.line, 0)
	if at == len(s.line) {
		return false
	}
	first := s.line[at]
	switch {
	case classes[first]&nameStart != 0:
		end := nameEnd(s.line, at, nameByte)
		s.kind, s.name, s.rest = Sample, s.line[at:end], end
		if end < len(s.line) && s.line[end] == '"' {
			s.setBad(ErrQuoted)
		} else if len(s.name) > s.limits.NameBytes {
			s.setBad(ErrLimit)
		}
	case first == '#':
		return s.classifyComment(at + 1)
	case first == '{' || first == '"':
		s.setBad(ErrQuoted)
	default:
		s.setBad(ErrSyntax)
	}
	return true
}

// classifyComment reports whether a comment is a line "# TYPE name …". Any other
// comment is skipped.
func (s *Scanner) classifyComment(at int) bool {
	const keyword = "TYPE"
	at = skipBlanks(s.line, at)
	if !bytes.HasPrefix(s.line[at:], []byte(keyword)) {
		return false
	}
	at += len(keyword)
	start := skipBlanks(s.line, at)
	if start == at || start == len(s.line) || classes[s.line[start]]&nameStart == 0 {
		return false
	}
	end := nameEnd(s.line, start, nameByte)
	if end-start > s.limits.NameBytes {
		return false
	}
	s.kind, s.name = Type, s.line[start:end]
	return true
}

// skipBlanks returns the index of the first byte at or after an index that is not
// a blank.
func skipBlanks(line []byte, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	return at
}

// wordEnd returns the index of the first blank at or after an index.
func wordEnd(line []byte, at int) int {
	for at < len(line) && line[at] != ' ' && line[at] != '\t' {
		at++
	}
	return at
}

// nameEnd returns the index of the first byte at or after an index that is not in
// a class.
func nameEnd(line []byte, at int, class uint8) int {
	for at < len(line) && classes[line[at]]&class != 0 {
		at++
	}
	return at
}
