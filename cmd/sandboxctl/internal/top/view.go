package top

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
)

// View implements [tea.Model].
func (m *Model) View() tea.View {
	view := tea.NewView(m.render(true))
	view.AltScreen = true
	return view
}

const (
	reset   = "\x1b[0m"
	inverse = "\x1b[7m"
)

// stateColors are the colors of states.
var stateColors = map[string]output.Color{
	"running": output.Green, "created": output.Green, "unresponsive": output.Red, "booting": output.Yellow,
	"paused": output.Yellow, "skipped": output.Yellow, "unknown": output.Yellow, "stopped": output.Dim,
}

// render returns the screen.
func (m *Model) render(colored bool) string {
	paint := func(color output.Color, text string) string {
		if !colored || color == output.Plain {
			return text
		}
		return string(color) + text + reset
	}
	fitting := m.layout()
	lines := []string{m.summary(), paint(m.messageColor(), m.message())}
	header := make([]string, len(fitting))
	for i, c := range fitting {
		header[i] = c.cell(c.header)
	}
	lines = append(lines, paint(inverse, m.line(strings.Join(header, " "))))
	for _, row := range m.page() {
		cells := make([]string, len(fitting))
		for i := range fitting {
			cells[i] = fitting[i].cell(fitting[i].text(m, row))
			if fitting[i].header == "STATE" {
				cells[i] = paint(stateColors[m.state(row)], cells[i])
			}
		}
		lines = append(lines, m.line(strings.Join(cells, " ")))
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	help := "q quit  / filter  esc clear  p pause  r reverse  arrows, PgUp, PgDn scroll  sort:"
	for _, key := range SortKeys {
		help += " " + key.Rune + "=" + string(key.Key)
	}
	lines = append(lines, paint(output.Dim, m.line(help)))
	return strings.Join(lines, "\n")
}

// line truncates a text, which may contain colors, at the width of the screen.
func (m *Model) line(text string) string { return ansi.Truncate(text, m.width, "") }

// summary is the first line.
func (m *Model) summary() string {
	cpu, memory := 0.0, int64(0)
	for _, row := range m.shown {
		cpu += max(0, m.usage(row))
		memory += max(0, row.memory())
	}
	order := "▼"
	if m.reverse {
		order = "▲"
	}
	sandboxes := fmt.Sprintf("%d of %d sandboxes", len(m.shown), len(m.rows))
	first := min(len(m.shown), m.offset+1)
	return m.line(fmt.Sprintf("%s  %s  rows %d-%d  CPU %.2f  memory %s  sorted by %s %s  every %v",
		clock(m.measured), sandboxes, first, m.offset+len(m.page()), cpu, output.FormatBytes(memory), m.sort, order, m.interval))
}

// message is the second line.
func (m *Model) message() string {
	cursor := ""
	if m.editing {
		cursor = "_"
	}
	var parts []string
	if m.editing || m.filter != "" {
		parts = append(parts, "filter: "+output.Escape(m.filter)+cursor)
	}
	if m.paused {
		parts = append(parts, "paused")
	}
	if m.err != nil {
		parts = append(parts, output.Escape(m.err.Error()))
	}
	if m.measured.IsZero() {
		parts = append(parts, "Discovering sandboxes…")
	}
	return m.line(strings.Join(parts, "  "))
}

func (m *Model) messageColor() output.Color {
	if m.err != nil {
		return output.Red
	}
	return output.Yellow
}
