package reader

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// monitored is one sandbox in the output of kata-monitor.
type monitored struct {
	families []*dto.MetricFamily // without the labels in identityLabels
	want     map[string]string   // value, kind and help text by series
}

// monitoredSandboxes returns the sandboxes in the output of kata-monitor by ID.
func monitoredSandboxes(families map[string]*dto.MetricFamily) map[string]*monitored {
	sandboxes := map[string]*monitored{}
	for name, family := range families {
		if strings.HasPrefix(name, "kata_monitor_") {
			continue
		}
		parts := map[string]*dto.MetricFamily{}
		for _, metric := range family.GetMetric() {
			id := ""
			for _, label := range metric.GetLabel() {
				if label.GetName() == "sandbox_id" {
					id = label.GetValue()
				}
			}
			if sandboxes[id] == nil {
				sandboxes[id] = &monitored{want: map[string]string{}}
			}
			one := sandboxes[id]
			if parts[id] == nil {
				parts[id] = &dto.MetricFamily{Name: family.Name, Help: family.Help, Type: family.Type}
				one.families = append(one.families, parts[id])
			}
			one.want[seriesOf(name, metric)] = valueOf(family.GetType(), metric) + " help " + family.GetHelp()
			metric.Label = slices.DeleteFunc(metric.Label, func(label *dto.LabelPair) bool {
				return slices.Contains(identityLabels, label.GetName())
			})
			parts[id].Metric = append(parts[id].Metric, metric)
		}
	}
	return sandboxes
}

// TestKataMonitor splits the output of kata-monitor for two sandboxes into the
// responses of their shims and reads these. The points must have the same
// series, values, types and help texts as the output of kata-monitor.
func TestKataMonitor(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(readCapture(t, "kata-monitor.prom")))
	if err != nil {
		t.Fatal(err)
	}
	sandboxes := monitoredSandboxes(families)
	if len(sandboxes) != 2 {
		t.Fatalf("got %d sandboxes, want 2", len(sandboxes))
	}
	settings := settingsFor(t, "prometheus")
	for id, one := range sandboxes {
		reading := captureReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(originalResponse(t, one.families)), reading); err != nil {
			t.Fatal(err)
		}
		if got := dropped(reading); got != "" {
			t.Errorf("%s: dropped %s", id, got)
		}
		helps := map[string]string{}
		for i := range reading.Points {
			descriptor := reading.Points[i].Family.Prometheus
			helps[descriptor.Name] = descriptor.Description
		}
		got := map[string]string{}
		for series, line := range points(settings, reading) {
			value, _, _ := strings.Cut(line, " origin")
			name, _, _ := strings.Cut(series, "{")
			got[series] = value + " help " + helps[name]
		}
		if diff := difference(got, one.want); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
		if len(got) < 500 {
			t.Errorf("%s: got %d series, want at least 500", id, len(got))
		}
	}
}

// originalResponse encodes families like the shim that reported them.
func originalResponse(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	for _, family := range families {
		name := family.GetName()
		original, found := strings.CutPrefix(name, "kata_shim_")
		if found && (strings.HasPrefix(original, "go_") || strings.HasPrefix(original, "process_")) {
			family.Name = &original
		}
	}
	isGuest := func(family *dto.MetricFamily) bool { return catalog.IsGuestName([]byte(family.GetName())) }
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int {
		if isGuest(a) != isGuest(b) {
			return map[bool]int{false: -1, true: 1}[isGuest(a)]
		}
		return strings.Compare(a.GetName(), b.GetName())
	})
	var out bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&out, family); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}
