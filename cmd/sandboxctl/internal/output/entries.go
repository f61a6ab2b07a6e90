package output

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Entry is an entry of a list that is too long for a row of a table.
type Entry struct {
	// Status is a word in front of the title.
	Status Cell
	Title  string
	// Fields are printed below the title, without those that are empty.
	Fields []Field
}

// Field is a named text of an entry.
type Field struct{ Name, Text string }

// WriteEntries writes a list. It is colored if w is a terminal.
func WriteEntries(w io.Writer, entries []Entry) error {
	return writeEntries(w, entries, Colored(w))
}

func writeEntries(w io.Writer, entries []Entry, colored bool) error {
	width := 0
	for i := range entries {
		width = max(width, utf8.RuneCountInString(entries[i].Status.Text))
	}
	var text strings.Builder
	for i := range entries {
		entry := &entries[i]
		writeCell(&text, entry.Status, width, false, false, colored)
		text.WriteString(Escape(entry.Title) + "\n")
		for _, field := range entry.Fields {
			if field.Text != "" {
				text.WriteString(strings.Repeat(" ", width) + gap + field.Name + ": " + Escape(field.Text) + "\n")
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}
