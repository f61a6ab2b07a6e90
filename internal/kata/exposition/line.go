package exposition

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Classes of bytes.
const (
	nameStart = 1 << iota
	nameByte
	labelStart
	labelByte
)

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

// classify finds out what the current line is. It returns false for a blank
// line and for a comment.
func (s *Scanner) classify() bool {
	at := blanks(s.line, 0)
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

// classifyComment finds the lines "# TYPE name …" among the comments.
func (s *Scanner) classifyComment(at int) bool {
	const keyword = "TYPE"
	at = blanks(s.line, at)
	if !bytes.HasPrefix(s.line[at:], []byte(keyword)) {
		return false
	}
	at += len(keyword)
	start := blanks(s.line, at)
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

// Parsed is what a sample line holds besides its name. All of it is valid until
// the scanner goes on.
type Parsed struct {
	Labels []Label
	Value  float64
	// Timestamped says that the line ends in a timestamp.
	Timestamped bool
}

// Label is one label of a sample.
type Label struct{ Name, Value []byte }

// Parse reads the labels and the value of the current [Sample] line. Its error
// is [ErrSyntax], [ErrQuoted] or [ErrLimit].
func (s *Scanner) Parse(parsed *Parsed) error {
	parsed.Labels = parsed.Labels[:0]
	at := blanks(s.line, s.rest)
	if at < len(s.line) && s.line[at] == '{' {
		var err error
		if at, err = s.parseLabels(parsed, at+1); err != nil {
			return err
		}
		at = blanks(s.line, at)
	}
	end := wordEnd(s.line, at)
	value, ok := number(s.line[at:end])
	if !ok {
		return ErrSyntax
	}
	parsed.Value = value
	at = blanks(s.line, end)
	end = wordEnd(s.line, at)
	parsed.Timestamped = end > at
	if parsed.Timestamped && !integer(s.line[at:end]) || blanks(s.line, end) != len(s.line) {
		return ErrSyntax
	}
	return nil
}

// parseLabels reads labels from behind the opening brace on, and returns where
// the closing brace ends.
func (s *Scanner) parseLabels(parsed *Parsed, at int) (int, error) {
	s.scratch = s.scratch[:0]
	for {
		at = blanks(s.line, at)
		if at == len(s.line) {
			return at, ErrSyntax
		}
		if s.line[at] == '}' {
			return at + 1, nil
		}
		label, next, err := s.parseLabel(at)
		if err != nil {
			return at, err
		}
		for i := range parsed.Labels {
			if bytes.Equal(parsed.Labels[i].Name, label.Name) {
				return at, ErrSyntax
			}
		}
		if len(parsed.Labels) == s.limits.Labels {
			return at, ErrLimit
		}
		parsed.Labels = append(parsed.Labels, label)
		at = blanks(s.line, next)
		if at == len(s.line) || s.line[at] != ',' && s.line[at] != '}' {
			return at, ErrSyntax
		}
		if s.line[at] == ',' {
			at++
		}
	}
}

// parseLabel reads one label, name="value", and returns where it ends.
func (s *Scanner) parseLabel(at int) (label Label, end int, err error) {
	if s.line[at] == '"' {
		return label, at, ErrQuoted
	}
	if classes[s.line[at]]&labelStart == 0 {
		return label, at, ErrSyntax
	}
	end = nameEnd(s.line, at, labelByte)
	label.Name = s.line[at:end]
	if string(label.Name) == "__name__" {
		return label, at, ErrSyntax
	}
	if end < len(s.line) && s.line[end] == '"' {
		return label, at, ErrQuoted
	}
	at = blanks(s.line, end)
	if at == len(s.line) || s.line[at] != '=' {
		return label, at, ErrSyntax
	}
	at = blanks(s.line, at+1)
	if at == len(s.line) || s.line[at] != '"' {
		return label, at, ErrSyntax
	}
	at++
	end = bytes.IndexByte(s.line[at:], '"') + at
	if end < at {
		return label, at, ErrSyntax
	}
	label.Value = s.line[at:end]
	if bytes.IndexByte(label.Value, '\\') >= 0 {
		if label.Value, end, err = s.unescape(at); err != nil {
			return label, at, err
		}
	}
	if len(label.Name) > s.limits.NameBytes || end-at > s.limits.ValueBytes {
		return label, at, ErrLimit
	}
	if !utf8.Valid(label.Value) {
		return label, at, ErrSyntax
	}
	return label, end + 1, nil
}

// unescape reads a label value with escape sequences, and returns where its
// closing quotation mark is.
func (s *Scanner) unescape(at int) (value []byte, end int, err error) {
	begin := len(s.scratch)
	for ; at < len(s.line); at++ {
		b := s.line[at]
		if b == '"' {
			return s.scratch[begin:], at, nil
		}
		if b == '\\' {
			if at++; at == len(s.line) {
				break
			}
			switch b = s.line[at]; b {
			case '\\', '"':
			case 'n':
				b = '\n'
			default:
				return nil, at, ErrSyntax
			}
		}
		s.scratch = append(s.scratch, b)
	}
	return nil, at, ErrSyntax
}

// blanks returns where the blanks that begin at a place end.
func blanks(line []byte, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	return at
}

// wordEnd returns where the word that begins at a place ends.
func wordEnd(line []byte, at int) int {
	for at < len(line) && line[at] != ' ' && line[at] != '\t' {
		at++
	}
	return at
}

func nameEnd(line []byte, at int, class uint8) int {
	for at < len(line) && classes[line[at]]&class != 0 {
		at++
	}
	return at
}

// exactDigits is how many decimal digits fit a float64 exactly.
const exactDigits = 15

// number reads a value in the spelling of Go (5.5e+08, +Inf, NaN) or of Rust
// (550000000, inf, NaN).
func number(text []byte) (value float64, ok bool) {
	if len(text) == 0 {
		return 0, false
	}
	if len(text) <= exactDigits && integer(text) && text[0] >= '0' {
		var whole int64
		for _, digit := range text {
			whole = whole*10 + int64(digit-'0')
		}
		return float64(whole), true
	}
	// Checked here because the error of ParseFloat would cost an allocation for
	// each of many bad lines, and because it reads more than the format allows.
	if !decimal(text) && !special(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(text), 64)
	return value, err == nil
}

// integer tells whether the text is digits with an optional sign.
func integer(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	return len(text) > 0 && digits(text) == len(text)
}

// decimal tells whether the text is a decimal number: 1, -1.5, .5, 1.e+9.
func decimal(text []byte) bool {
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	whole := digits(text)
	text = text[whole:]
	fraction := 0
	if len(text) > 0 && text[0] == '.' {
		fraction = digits(text[1:])
		text = text[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if len(text) == 0 {
		return true
	}
	return (text[0] == 'e' || text[0] == 'E') && integer(text[1:])
}

func digits(text []byte) int {
	for i, b := range text {
		if b < '0' || b > '9' {
			return i
		}
	}
	return len(text)
}

// special tells whether the text is one of the values that are no numbers.
func special(text []byte) bool {
	if bytes.EqualFold(text, []byte("nan")) {
		return true
	}
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	return bytes.EqualFold(text, []byte("inf")) || bytes.EqualFold(text, []byte("infinity"))
}
