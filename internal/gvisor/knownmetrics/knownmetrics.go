// Package knownmetrics lists the metrics that releases of gVisor register. Under
// first-use trust the registration comes from the sandbox itself, so the names,
// types, units, fields and help texts of metrics have to be known from elsewhere.
//
// The table is generated from the registrations of real sandboxes by
// `make known-metrics`.
package knownmetrics

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Metric is one metric of gVisor.
type Metric struct {
	// Path is gVisor's own name, for example /fs/opens.
	Path string
	// Name is the Prometheus name, for example fs_opens.
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Nanoseconds reports that the values are in nanoseconds.
	Nanoseconds bool
	// Fields are the names of the fields, in the order of the registration.
	Fields []string
	Help   string
}

// Types of metrics.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
)

//go:embed metrics.tsv
var table string

// All returns all metrics, sorted by path. They must not be changed.
var All = sync.OnceValue(func() []Metric {
	metrics, err := Parse(table)
	if err != nil {
		panic("metrics.tsv: " + err.Error()) // The table is part of the program.
	}
	return metrics
})

// Parse parses a table, which [Format] describes.
func Parse(table string) ([]Metric, error) {
	var metrics []Metric
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 6 {
			return nil, fmt.Errorf("invalid line %q: %d columns, want 6", line, len(columns))
		}
		m := Metric{Path: columns[0], Name: columns[1], Type: columns[2], Nanoseconds: columns[3] == nanoseconds, Help: columns[5]}
		if columns[4] != none {
			m.Fields = strings.Split(columns[4], ",")
		}
		metrics = append(metrics, m)
	}
	return metrics, nil
}

const (
	none        = "-"
	nanoseconds = "ns"
)

// Format returns the line of a metric: its path, Prometheus name, type, unit,
// fields and help text, separated by tabs.
//
//	/fs/read_wait	fs_read_wait	counter	ns	-	Time waiting on file reads, in nanoseconds.
//	/weirdness	weirdness	counter	-	weirdness_type	Increment for weird occurrences …
func Format(m *Metric) string {
	unit, fields := none, none
	if m.Nanoseconds {
		unit = nanoseconds
	}
	if len(m.Fields) > 0 {
		fields = strings.Join(m.Fields, ",")
	}
	return strings.Join([]string{m.Path, m.Name, m.Type, unit, fields, m.Help}, "\t")
}
