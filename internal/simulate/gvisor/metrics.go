package gvisor

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// metric is one metric that the simulated build of runsc registers.
type metric struct {
	// name is a path, for example /netstack/tcp/resets_sent.
	name string
	// prometheus is the name in snapshots, empty if it follows from the path.
	prometheus  string
	help        string
	gauge       bool
	nanoseconds bool
	// rate is the typical growth of a counter per second, or the typical level
	// of a gauge.
	rate   uint64
	fields []field
}

type field struct {
	name   string
	values []string
}

// prometheusName returns the name in snapshots: /fs/opens becomes fs_opens.
func (m *metric) prometheusName() string {
	if m.prometheus != "" {
		return m.prometheus
	}
	return strings.ReplaceAll(strings.TrimPrefix(m.name, "/"), "/", "_")
}

// build holds what all sandboxes of the simulated build of runsc share.
type build struct {
	metrics      []metric
	registration []byte
	// points are all the points that a sandbox could send. A sandbox with N
	// points sends the first N.
	points []point
}

//go:embed metrics.tsv
var metricsTSV string

var theBuild = sync.OnceValue(func() *build {
	b := &build{metrics: parseMetrics(metricsTSV)}
	b.registration = renderRegistration(b.metrics)
	b.points = newPoints(b.metrics)
	return b
})

// parseMetrics parses the table in metrics.tsv, which describes its format. It
// panics on a malformed line, because the table is part of the program.
func parseMetrics(table string) []metric {
	var metrics []metric
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		m, err := parseMetric(line)
		if err != nil {
			panic(fmt.Sprintf("metrics.tsv: invalid line %q: %v", line, err))
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// parseMetric parses one line, for example
//
//	/fs/read_wait	counter	700000	ns	-	Nanoseconds the workload has waited for reads from files.
func parseMetric(line string) (metric, error) {
	columns := strings.Split(line, "\t")
	if len(columns) != 6 {
		return metric{}, fmt.Errorf("%d columns, want 6", len(columns))
	}
	rate, err := strconv.ParseUint(columns[2], 10, 64)
	if err != nil {
		return metric{}, err
	}
	m := metric{name: columns[0], gauge: columns[1] == "gauge", rate: rate, nanoseconds: columns[3] == "ns", help: columns[5]}
	if columns[4] != "-" {
		for text := range strings.SplitSeq(columns[4], ";") {
			f, err := parseField(text)
			if err != nil {
				return metric{}, err
			}
			m.fields = append(m.fields, f)
		}
	}
	return m, nil
}

// parseField parses level=SOCKET,TCP or name=0..100.
func parseField(text string) (field, error) {
	name, values, found := strings.Cut(text, "=")
	if !found {
		return field{}, fmt.Errorf("invalid field %q: must be of the form name=values", text)
	}
	last, isRange := strings.CutPrefix(values, "0..")
	if !isRange {
		return field{name, strings.Split(values, ",")}, nil
	}
	n, err := strconv.Atoi(last)
	if err != nil {
		return field{}, err
	}
	f := field{name: name}
	for i := range n + 1 {
		f.values = append(f.values, strconv.Itoa(i))
	}
	return f, nil
}
