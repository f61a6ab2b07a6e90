package reader

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// newReading returns a reading as it is at the beginning of a pull.
func newReading() *sandbox.Reading {
	return &sandbox.Reading{Time: time.Unix(pulled, 0), Start: time.Unix(created, 0)}
}

// read reads a text, which must succeed.
func read(tb testing.TB, r *Reader, text string) *sandbox.Reading {
	tb.Helper()
	reading := newReading()
	if err := r.Read(strings.NewReader(text), reading); err != nil {
		tb.Fatal(err)
	}
	return reading
}

// points formats the points of a reading, keyed by series.
func points(settings *Settings, reading *sandbox.Reading) map[string]string {
	lines := map[string]string{}
	for i := range reading.Points {
		point := &reading.Points[i]
		descriptor := settings.naming.Of(point.Family)
		var labels []string
		for j, text := range point.Labels {
			if descriptor.LabelKeys[j] != "" {
				labels = append(labels, descriptor.LabelKeys[j]+"="+text)
			}
		}
		for _, attribute := range descriptor.Attributes {
			labels = append(labels, attribute.Key+"="+attribute.Value)
		}
		slices.Sort(labels)
		series := descriptor.Name + "{" + strings.Join(labels, ",") + "}"
		value := strconv.FormatFloat(point.Value.AsFloat(), 'g', -1, 64)
		if d := point.Distribution; d != nil {
			value = fmt.Sprintf("%v %v %v %v %v", d.Count, d.Sum, d.Bounds, d.Buckets, d.Quantiles)
		}
		if _, duplicate := lines[series]; duplicate {
			series += " (duplicate)"
		}
		lines[series] = fmt.Sprintf("%s kind %d origin %d", value, descriptor.Kind, point.Family.Origin)
	}
	return lines
}

// hostPoints formats only the points that were measured on the host.
func hostPoints(settings *Settings, reading *sandbox.Reading) map[string]string {
	lines := points(settings, reading)
	maps.DeleteFunc(lines, func(_, value string) bool { return !strings.HasSuffix(value, "origin 0") })
	return lines
}

// dropped formats the counts of dropped samples by reason.
func dropped(reading *sandbox.Reading) string {
	var all []string
	for _, row := range reading.Dropped {
		all = append(all, fmt.Sprintf("%s %d", row.Reason, row.Points))
	}
	return strings.Join(all, ", ")
}

// difference describes how two maps differ. It is empty if they are equal.
func difference(got, want map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, found := got[key]; !found {
			out = append(out, "missing "+key+" "+want[key])
		} else if value != want[key] {
			out = append(out, key+" is "+value+", want "+want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, found := want[key]; !found {
			out = append(out, "unexpected "+key+" "+got[key])
		}
	}
	if len(out) > 10 {
		out = append(out[:10], fmt.Sprintf("and %d more", len(out)-10))
	}
	return strings.Join(out, "\n")
}
