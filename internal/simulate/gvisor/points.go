package gvisor

import (
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// point is one series that a sandbox can send.
type point struct {
	// metric is the index of its metric in the registration.
	metric int
	// prefix is its entry in a snapshot up to the value:
	//
	//	{"metric":{"name":"fs_opens","type":2,"help":"…"},"val":{
	prefix []byte
	motion simulate.Motion
}

// earlyCombinations is the number of label combinations of a metric with fields
// that are among the first points; the remaining ones come last.
const earlyCombinations = 1

// newPoints lists the points in the order in which a sandbox with N points
// selects them: gauges, which every sandbox sends, a few labeled points,
// counters in the order of the registration, and finally thousands of label
// combinations that no honest sandbox ever fills.
func newPoints(metrics []metric) []point {
	var gauges, early, plain, late []point
	for i := range metrics {
		m := &metrics[i]
		switch {
		case m.gauge:
			gauges = append(gauges, newPoint(i, m, nil))
		case m.fields == nil:
			plain = append(plain, newPoint(i, m, nil))
		default:
			for n, values := range combinations(m.fields) {
				if n < earlyCombinations {
					early = append(early, newPoint(i, m, values))
				} else {
					late = append(late, newPoint(i, m, values))
				}
			}
		}
	}
	points := append(gauges, early...)
	points = append(points, plain...)
	return append(points, late...)
}

// combinations returns every combination of the values of the fields.
func combinations(fields []field) [][]string {
	all := [][]string{nil}
	for _, f := range fields {
		var longer [][]string
		for _, values := range all {
			for _, value := range f.values {
				longer = append(longer, append(values[:len(values):len(values)], value))
			}
		}
		all = longer
	}
	return all
}

// Types of metrics in a snapshot.
const (
	typeGauge   = 1
	typeCounter = 2
)

func newPoint(index int, m *metric, labels []string) point {
	motion := simulate.Motion{Kind: simulate.Growing, Level: m.rate}
	kind := typeCounter
	if m.gauge {
		motion.Kind, kind = simulate.Wandering, typeGauge
	}
	return point{metric: index, prefix: entryPrefix(m.prometheusName(), kind, m.help, m.fields, labels), motion: motion}
}

// entryPrefix returns an entry of a snapshot up to its value.
func entryPrefix(name string, kind int, help string, fields []field, labels []string) []byte {
	b := append([]byte(nil), `{"metric":{"name":`...)
	b = append(b, mustMarshal(name)...)
	b = append(b, `,"type":`...)
	b = strconv.AppendInt(b, int64(kind), 10)
	b = append(b, `,"help":`...)
	b = append(b, mustMarshal(help)...)
	b = append(b, '}')
	if len(labels) > 0 {
		values := make(map[string]string, len(labels))
		for i, label := range labels {
			values[fields[i].name] = label
		}
		b = append(b, `,"labels":`...)
		b = append(b, mustMarshal(values)...)
	}
	return append(b, `,"val":{`...)
}

// appendEntry completes an entry with its value. Zero is sent as an empty
// object.
func appendEntry(b, prefix []byte, value uint64) []byte {
	b = append(b, prefix...)
	if value != 0 {
		b = append(b, `"int":`...)
		// A value beyond the range of int64 is sent as a negative number.
		b = strconv.AppendInt(b, int64(value), 10)
	}
	return append(b, `}},`...)
}
