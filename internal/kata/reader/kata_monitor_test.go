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

// TestKataMonitor takes what kata-monitor printed about two sandboxes apart
// into the answers of their shims, and reads these: the same series have to come
// out, with the same values, types and help texts.
func TestKataMonitor(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(readCapture(t, "kata-monitor.prom")))
	if err != nil {
		t.Fatal(err)
	}
	sandboxes := map[string][]*dto.MetricFamily{}
	want := map[string]map[string]string{}
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
			if parts[id] == nil {
				parts[id] = &dto.MetricFamily{Name: family.Name, Help: family.Help, Type: family.Type}
				sandboxes[id] = append(sandboxes[id], parts[id])
			}
			if want[id] == nil {
				want[id] = map[string]string{}
			}
			want[id][seriesOf(name, metric)] = valueOf(family.GetType(), metric) + " help " + family.GetHelp()
			metric.Label = slices.DeleteFunc(metric.Label, func(label *dto.LabelPair) bool {
				return slices.Contains(identityLabels, label.GetName())
			})
			parts[id].Metric = append(parts[id].Metric, metric)
		}
	}
	if len(sandboxes) != 2 {
		t.Fatalf("%d sandboxes, want 2", len(sandboxes))
	}
	settings := settingsFor(t, "prometheus")
	for id, families := range sandboxes {
		reading := captureReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(originalResponse(t, families)), reading); err != nil {
			t.Fatal(err)
		}
		if got := dropped(reading); got != "" {
			t.Errorf("dropped %s", got)
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
		if diff := difference(got, want[id]); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
		if len(got) < 500 {
			t.Errorf("%s: only %d series", id, len(got))
		}
	}
}

// originalResponse writes families as the shim they came from did.
func originalResponse(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	for _, family := range families {
		name := family.GetName()
		if original, found := strings.CutPrefix(name, "kata_shim_"); found && (strings.HasPrefix(original, "go_") || strings.HasPrefix(original, "process_")) {
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
