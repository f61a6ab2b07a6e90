package exposition

import (
	"fmt"
	"io"
)

// roomy are limits that no line of the tests reaches, unless it is meant to.
var roomy = Limits{Bytes: 1 << 20, Lines: 1 << 20, LineBytes: 4 << 10, Labels: 16, NameBytes: 256, ValueBytes: 1 << 10}

// Entries of a transcript.
const (
	badSyntax = "bad: not in the exposition format"
	badQuoted = "bad: quoted name"
	badLimit  = "bad: line exceeds a limit"
	truncated = "end: text ends in the middle of a line"
)

// transcript scans a text and returns an entry for each line, and one for the
// error of the text.
func transcript(source io.Reader, limits Limits, marks ...string) []string {
	var (
		scanner Scanner
		parsed  Parsed
		all     [][]byte
		entries []string
	)
	for _, mark := range marks {
		all = append(all, []byte(mark))
	}
	scanner.Reset(source, limits, all...)
	for scanner.Next() {
		entries = append(entries, entry(&scanner, &parsed))
	}
	if err := scanner.Err(); err != nil {
		entries = append(entries, "end: "+err.Error())
	}
	return entries
}

// entry describes the current line of a scanner. Parsed is reused between lines,
// as in the reader.
func entry(scanner *Scanner, parsed *Parsed) string {
	switch scanner.Kind() {
	case Mark:
		return fmt.Sprintf("mark %d", scanner.Mark())
	case Type:
		return "type " + string(scanner.Name())
	case Bad:
		return "bad: " + scanner.LineErr().Error()
	}
	text := string(scanner.Name())
	if err := scanner.Parse(parsed); err != nil {
		return text + " bad: " + err.Error()
	}
	for _, label := range parsed.Labels {
		text += fmt.Sprintf(" %s=%q", label.Name, label.Value)
	}
	text += fmt.Sprintf(" %v", parsed.Value)
	if parsed.Timestamped {
		text += " timestamped"
	}
	return text
}
