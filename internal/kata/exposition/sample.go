package exposition

import (
	"bytes"
	"unicode/utf8"
)

// Parsed holds the labels and the value of a sample line. It is valid until the
// next call of [Scanner.Next].
type Parsed struct {
	Labels []Label
	Value  float64
	// Timestamped reports whether the line has a timestamp.
	Timestamped bool
}

// Label is a label of a sample, with its value unescaped.
type Label struct{ Name, Value []byte }

// Parse parses the labels and the value of the current [Sample] line. It returns
// [ErrSyntax], [ErrQuoted] or [ErrLimit] if that fails.
func (s *Scanner) Parse(parsed *Parsed) error {
	parsed.Labels = parsed.Labels[:0]
	at := skipBlanks(s.line, s.rest)
	if at < len(s.line) && s.line[at] == '{' {
		var err error
		if at, err = s.parseLabels(parsed, at+1); err != nil {
			return err
		}
		at = skipBlanks(s.line, at)
	}
	end := wordEnd(s.line, at)
	value, ok := number(s.line[at:end])
	if !ok {
		return ErrSyntax
	}
	parsed.Value = value
	at = skipBlanks(s.line, end)
	end = wordEnd(s.line, at)
	parsed.Timestamped = end > at
	if parsed.Timestamped && !integer(s.line[at:end]) || skipBlanks(s.line, end) != len(s.line) {
		return ErrSyntax
	}
	return nil
}

// parseLabels parses labels, starting after the opening brace, and returns the
// index after the closing brace.
func (s *Scanner) parseLabels(parsed *Parsed, at int) (int, error) {
	s.scratch = s.scratch[:0]
	for {
		at = skipBlanks(s.line, at)
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
		at = skipBlanks(s.line, next)
		if at == len(s.line) || s.line[at] != ',' && s.line[at] != '}' {
			return at, ErrSyntax
		}
		if s.line[at] == ',' {
			at++
		}
	}
}

// parseLabel parses a label, name="value", and returns the index after it.
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
	at = skipBlanks(s.line, end)
	if at == len(s.line) || s.line[at] != '=' {
		return label, at, ErrSyntax
	}
	at = skipBlanks(s.line, at+1)
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

// unescape parses a label value with escape sequences and returns the index of
// its closing quotation mark.
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
