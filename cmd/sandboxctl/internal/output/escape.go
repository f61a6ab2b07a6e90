package output

import (
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

// isUnprintable reports whether a rune is not printable. That of an invalid byte is the
// replacement character.
func isUnprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
