package output

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Color is the color of a cell.
type Color string

// Colors, as ANSI escape sequences.
const (
	Plain  Color = ""
	Green  Color = "\x1b[32m"
	Yellow Color = "\x1b[33m"
	Red    Color = "\x1b[31m"
	Dim    Color = "\x1b[2m"

	// Reset ends a color.
	Reset = "\x1b[0m"
)

// Column is a column of a table.
type Column struct {
	Header string
	// Right aligns the cells, for numbers.
	Right bool
	// Wide columns are printed only in the format wide.
	Wide bool
}

// Cell is a cell of a table.
type Cell struct {
	Text  string
	Color Color
}

// Table is a table with a header. Empty cells are printed as "-".
type Table struct {
	Columns []Column
	rows    [][]Cell
}

// Add appends a row with a cell for each column.
func (t *Table) Add(cells ...Cell) { t.rows = append(t.rows, cells) }

// Text returns a cell without color.
func Text(text string) Cell { return Cell{Text: text} }

const gap = "   "

// Write writes the table. It is colored if w is a terminal.
func (t *Table) Write(w io.Writer, wide bool) error {
	return t.write(w, wide, Colored(w))
}

func (t *Table) write(w io.Writer, wide, colored bool) error {
	rows := make([][]Cell, 1, len(t.rows)+1)
	var columns []Column
	for _, column := range t.Columns {
		if wide || !column.Wide {
			columns = append(columns, column)
			rows[0] = append(rows[0], Text(column.Header))
		}
	}
	widths := make([]int, len(columns))
	for _, row := range t.rows {
		var cells []Cell
		for i, cell := range row {
			if !wide && t.Columns[i].Wide {
				continue
			}
			if cell.Text = Escape(cell.Text); cell.Text == "" {
				cell.Text = "-"
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Text))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			writeCell(&text, cell, widths[i], columns[i].Right, i == len(row)-1, colored)
		}
		text.WriteByte('\n')
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeCell writes a cell. The last one of a row is not followed by spaces.
func writeCell(text *strings.Builder, cell Cell, width int, right, last, colored bool) {
	padding := strings.Repeat(" ", width-utf8.RuneCountInString(cell.Text))
	if right {
		text.WriteString(padding)
	}
	if colored && cell.Color != Plain {
		text.WriteString(string(cell.Color) + cell.Text + Reset)
	} else {
		text.WriteString(cell.Text)
	}
	if !right && !last {
		text.WriteString(padding)
	}
	if !last {
		text.WriteString(gap)
	}
}

// Colored reports whether output may contain colors: if it goes to a terminal, and the
// environment variable NO_COLOR is empty.
func Colored(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
