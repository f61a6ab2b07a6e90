package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
)

// column is a column of the table.
type column struct {
	header string
	width  int
	right  bool
	text   func(*Model, *Row) string
	// minWidth is the width of the screen below which the column is omitted.
	minWidth int
}

// The columns with the ID and the name get the rest of the width, that with the ID at
// most maxID.
const (
	idColumn   = 2
	nameColumn = 3
	minName    = 12
	maxID      = 24
)

var columns = []column{
	{header: "RUNTIME", width: 7, text: func(_ *Model, r *Row) string { return r.Runtime }, minWidth: 90},
	{header: "STATE", width: 12, text: (*Model).state},
	{header: "ID", width: 12, text: func(_ *Model, r *Row) string { return r.ID }},
	{header: "NAME", width: minName, text: func(_ *Model, r *Row) string { return r.Name }},
	{header: "AGE", width: 6, right: true, text: (*Model).age, minWidth: 70},
	{header: "CPU %", width: 7, right: true, text: (*Model).cpu},
	{header: "CPU HISTORY", width: historySize, text: (*Model).sparkline, minWidth: 100},
	{header: "MEMORY", width: 9, right: true, text: func(_ *Model, r *Row) string { return r.formatMemory() }},
	{header: "RESPONSE", width: 8, right: true, text: (*Model).response, minWidth: 80},
	{header: "TRUST", width: 10, text: func(_ *Model, r *Row) string { return r.Trust }, minWidth: 130},
	{header: "REASON", width: 20, text: func(_ *Model, r *Row) string { return r.Reason }, minWidth: 110},
}

// layout returns the columns that fit the screen, with the rest of the width distributed.
func (m *Model) layout() []column {
	var fitting []column
	used, id, name := 0, 0, 0
	for i, c := range columns {
		if c.minWidth > m.width {
			continue
		}
		switch i {
		case idColumn:
			id = len(fitting)
		case nameColumn:
			name = len(fitting)
		}
		fitting, used = append(fitting, c), used+c.width+1
	}
	rest := max(0, m.width-used)
	more := min(rest/2, maxID-fitting[id].width)
	fitting[id].width, fitting[name].width = fitting[id].width+more, fitting[name].width+rest-more
	return fitting
}

// cell returns a text with exactly the width of the column. Texts from the host are
// escaped, so that they cannot control the terminal.
func (c *column) cell(text string) string {
	text = output.Escape(text)
	if text == "" {
		text = "-"
	}
	text = ansi.Truncate(text, c.width, "…")
	padding := strings.Repeat(" ", max(0, c.width-ansi.StringWidth(text)))
	if c.right {
		return padding + text
	}
	return text + padding
}

func (m *Model) sparkline(r *Row) string { return m.histories[r.Key].sparkline() }

func (m *Model) age(r *Row) string {
	if r.Created.IsZero() {
		return ""
	}
	return output.FormatAge(m.now().Sub(r.Created))
}

func (m *Model) cpu(r *Row) string {
	usage, known := m.histories[r.Key].current()
	if !known {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*usage)
}

func (r *Row) formatMemory() string {
	if !r.HasMemory {
		return ""
	}
	return output.FormatBytes(r.Memory)
}

// clock formats a time of day.
func clock(t time.Time) string {
	if t.IsZero() {
		return "--:--:--"
	}
	return t.Format(time.TimeOnly)
}
