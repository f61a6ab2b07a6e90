package gvisor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// exposition returns the points of a reading as sorted lines of the Prometheus
// text format. The lines have the upstream labels of the identity, unless it is
// nil.
func exposition(id *sandbox.Identity, r *sandbox.Reading) []string {
	var lines []string
	for i := range r.Points {
		point := &r.Points[i]
		descriptor := &point.Family.Prometheus
		lines = append(lines, descriptor.Name+labelsOf(id, point)+" "+formatValue(point.Value.Scaled(descriptor.Scale)))
	}
	slices.Sort(lines)
	return lines
}

// labelsOf returns the labels of a point, sorted by key.
func labelsOf(id *sandbox.Identity, point *sandbox.Point) string {
	labels := map[string]string{}
	if id != nil {
		for _, label := range id.UpstreamLabels {
			labels[label.Key] = label.Value
		}
	}
	for i, value := range point.Labels {
		if key := point.Family.Prometheus.LabelKeys[i]; key != "" {
			labels[key] = value
		}
	}
	if len(labels) == 0 {
		return ""
	}
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		texts = append(texts, fmt.Sprintf("%s=%q", key, labels[key]))
	}
	return "{" + strings.Join(texts, ",") + "}"
}

func formatValue(value sandbox.Number) string {
	if value.IsFloat() {
		return strconv.FormatFloat(value.AsFloat(), 'f', 6, 64)
	}
	return strconv.FormatInt(value.AsInt(), 10)
}

// seriesOf returns the lines without their values.
func seriesOf(lines []string) []string {
	var series []string
	for _, line := range lines {
		series = append(series, line[:strings.LastIndexByte(line, ' ')])
	}
	return series
}

// helpAndTypes returns the lines that describe the families of a reading.
func helpAndTypes(r *sandbox.Reading) (lines []string) {
	types := map[sandbox.Kind]string{sandbox.Gauge: "gauge", sandbox.Counter: "counter"}
	for _, point := range r.Points {
		descriptor := point.Family.Prometheus
		lines = append(lines, "# HELP "+descriptor.Name+" "+descriptor.Description, "# TYPE "+descriptor.Name+" "+types[descriptor.Kind])
	}
	return lines
}
