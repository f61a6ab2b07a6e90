package output

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is an output format.
type Format string

// Values of Format.
const (
	TableFormat Format = "table"
	// WideFormat is a table with more columns.
	WideFormat Format = "wide"
	JSONFormat Format = "json"
	YAMLFormat Format = "yaml"
)

// Formats are those of commands that print a table.
var Formats = []Format{TableFormat, WideFormat, JSONFormat, YAMLFormat}

// Flag is the value of a flag that selects a format. It implements pflag.Value.
type Flag struct {
	Format  Format
	Allowed []Format
}

// String returns the format.
func (f *Flag) String() string { return string(f.Format) }

// Type returns the allowed values, which the help text shows as those of the flag.
func (f *Flag) Type() string { return strings.Join(f.Names(), "|") }

// Names returns the allowed values.
func (f *Flag) Names() []string {
	names := make([]string, len(f.Allowed))
	for i, format := range f.Allowed {
		names[i] = string(format)
	}
	return names
}

// Set sets the format.
func (f *Flag) Set(text string) error {
	if !slices.Contains(f.Allowed, Format(text)) {
		return fmt.Errorf("must be one of %s", strings.Join(f.Names(), ", "))
	}
	f.Format = Format(text)
	return nil
}

// Write writes a value in the format. table is called for the formats that are tables,
// and returns the same as a table.
func Write(w io.Writer, format Format, value any, table func() *Table) error {
	switch format {
	case JSONFormat:
		return JSON(w, value)
	case YAMLFormat:
		return YAML(w, value)
	}
	return table().Write(w, format == WideFormat)
}
