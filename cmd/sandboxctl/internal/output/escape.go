package output

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns text in which everything that is not printable, such as an escape
// sequence of a terminal, is written as in a Go string: \x1b.
func Escape(text string) string {
	if strings.IndexFunc(text, isUnprintable) < 0 {
		return text
	}
	var escaped strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if isUnprintable(r) {
			quoted := strconv.Quote(text[:size])
			escaped.WriteString(quoted[1 : len(quoted)-1])
		} else {
			escaped.WriteString(text[:size])
		}
		text = text[size:]
	}
	return escaped.String()
}

// EscapeLines is like [Escape], but keeps line breaks.
func EscapeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

// EscapeJSON returns the same JSON with everything that is not printable as \u1234:
// encoders leave DEL and C1 control characters, which control a terminal, and which YAML
// does not allow. In valid JSON, they are in strings. Those above U+FFFF control nothing,
// and YAML has no surrogates.
func EscapeJSON(text []byte) []byte {
	isEscaped := func(r rune) bool { return r != '\n' && r <= 0xffff && isUnprintable(r) }
	if bytes.IndexFunc(text, isEscaped) < 0 {
		return text
	}
	var escaped []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if isEscaped(r) {
			escaped = fmt.Appendf(escaped, "\\u%04x", r)
		} else {
			escaped = append(escaped, text[:size]...)
		}
		text = text[size:]
	}
	return escaped
}

// isUnprintable reports whether a rune is not printable. That of an invalid byte is the
// replacement character.
func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
