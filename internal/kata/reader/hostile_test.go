package reader

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// hostileTexts are what a guest might say to do harm. None of it may touch what
// the host says.
var hostileTexts = map[string]string{
	"nothing":             "",
	"honest":              guestText(catalog.Go),
	"host families":       "# TYPE kata_shim_threads gauge\nkata_shim_threads 1\n# TYPE kata_hypervisor_threads gauge\nkata_hypervisor_threads 1\n# TYPE process_open_fds gauge\nprocess_open_fds 1\n# TYPE go_goroutines gauge\ngo_goroutines 1\n",
	"whole host part":     hostText(catalog.Go, "qemu"),
	"whole part of Rust":  hostText(catalog.Rust, "dragonball"),
	"start time":          "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1\n",
	"after the last name": "# TYPE process_zzz gauge\nprocess_zzz 1\n# TYPE zzz gauge\nzzz 1\n",
	"identity":            "# TYPE kata_guest_load gauge\nkata_guest_load{item=\"load1\",sandbox_id=\"victim\",cri_namespace=\"kube-system\"} 1\nkata_guest_load{item=\"load5\",job=\"x\",instance=\"y\"} 1\n",
	"flipped types":       "# TYPE kata_guest_load histogram\nkata_guest_load_bucket{le=\"1\"} 1\nkata_guest_load_count 1\nkata_guest_load_sum 1\n# TYPE kata_guest_tasks counter\nkata_guest_tasks{item=\"cur\"} 1\n",
	"quoted names":        "{\"kata_shim.threads\"} 1\n{\"process.zzz\"} 1\n{\"process.virtual.memory.max.bytes\"} 1\n",
	"not finite":          "# TYPE kata_guest_load gauge\nkata_guest_load{item=\"load1\"} NaN\nkata_guest_load{item=\"load5\"} +Inf\n",
	"timestamps":          "# TYPE kata_agent_threads gauge\nkata_agent_threads 1 1600000000000\n",
	"duplicates":          "# TYPE kata_agent_threads gauge\nkata_agent_threads 1\nkata_agent_threads 1\nkata_agent_threads 2\n",
	"wide":                strings.Repeat("kata_agent_threads{"+strings.Repeat("x=\"\",", 5000)+"} 1\n", 3),
	"series without end":  manySeries(20_000),
	"families":            manyFamilies(20_000),
	"interfaces":          strings.Join(interfaceLines(0, 5000), "\n") + "\n",
	"marks":               strings.Repeat(shimMark, 1000) + "\n" + strings.Repeat(hypervisorMark, 1000) + "\n" + shimMark,
	"newlines":            strings.Repeat("\n", 1<<20),
	"binary":              "\x00\x01\xff\xfe kata_shim_threads 1\r\n",
	"no newline":          "kata_agent_threads 1",
	"half a line":         "kata_guest_load{item=\"",
	"long line":           "kata_agent_threads " + strings.Repeat("1", 1<<17),
	"newline in a label":  "kata_guest_load{item=\"x\nkata_shim_threads 1\n",
	"braces alone":        "{}\n",
}

func manySeries(count int) string {
	var out strings.Builder
	for i := range count {
		fmt.Fprintf(&out, "kata_guest_vm_stat{item=\"x%d\"} %d\n", i, i)
	}
	return out.String()
}

func manyFamilies(count int) string {
	var out strings.Builder
	for i := range count {
		fmt.Fprintf(&out, "# TYPE a%d gauge\na%d 1\n", i, i)
	}
	return out.String()
}

// served is what a flavor makes of a guest's text. The shim written in Go
// parses it and writes it anew; what it cannot parse it leaves out, and spins.
func shimResponse(flavor catalog.Flavor, host, guest string) string {
	if flavor == catalog.Rust {
		return guest + host
	}
	return host + reencode(guest)
}

// reencode writes a text as Prometheus' encoder does, empty if it cannot be
// parsed.
func reencode(text string) (encoded string) {
	defer func() {
		if recover() != nil { // of the parser, for example at "{}"
			encoded = ""
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	for name, family := range families {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			*family.Name = "kata_agent_" + name
		}
		// The shim escapes what is no classic name with underscores.
		if _, err := expfmt.MetricFamilyToText(&out, model.EscapeMetricFamily(family, model.UnderscoreEscaping)); err != nil {
			return ""
		}
	}
	return out.String()
}

// TestHostile checks that, whatever the guest says, all the host says comes
// through, and nothing else as the host's.
func TestHostile(t *testing.T) {
	for _, shape := range flavors {
		for _, naming := range []string{"otel", "prometheus"} {
			settings := settingsFor(t, naming)
			host := hostText(shape.flavor, shape.hypervisor)
			reading := newReading()
			if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(host), reading); err != nil {
				t.Fatal(err)
			}
			want := points(settings, reading)
			for name, guest := range hostileTexts {
				reading := newReading()
				if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(shimResponse(shape.flavor, host, guest)), reading); err != nil {
					t.Errorf("%v %s, %s, %s: %v", shape.flavor, shape.hypervisor, naming, name, err)
				}
				if diff := difference(hostPoints(settings, reading), want); diff != "" {
					t.Errorf("%v %s, %s, %s:\n%s", shape.flavor, shape.hypervisor, naming, name, diff)
				}
				checkGuestPoints(t, settings, reading)
			}
		}
	}
}

// checkGuestPoints checks that what counts as the guest's is named so, bounded
// and unambiguous.
func checkGuestPoints(t *testing.T, settings *Settings, reading *sandbox.Reading) {
	t.Helper()
	type series struct {
		family *sandbox.Family
		labels [maxLabels]string
	}
	guests := map[series]bool{}
	for i := range reading.Points {
		point := &reading.Points[i]
		if point.Family.Origin == sandbox.Host {
			continue
		}
		name := settings.descriptor(point.Family).Name
		if !strings.HasPrefix(name, "kata.guest.") && !strings.HasPrefix(name, "kata.agent.") && !strings.HasPrefix(name, "kata_guest_") && !strings.HasPrefix(name, "kata_agent_") {
			t.Errorf("%s counts as the guest's", name)
		}
		if !isFinite(point.Value.AsFloat()) || point.Distribution != nil {
			t.Errorf("%s is %v, %v", name, point.Value, point.Distribution)
		}
		key := series{family: point.Family}
		copy(key.labels[:], point.Labels)
		if guests[key] {
			t.Errorf("%s%q is there twice", name, point.Labels)
		}
		guests[key] = true
	}
	if len(guests) > defaultLimits.guestSeries {
		t.Errorf("%d series of the guest", len(guests))
	}
}

// hostOnly copies the points that were measured on the host, in their order.
func hostOnly(reading *sandbox.Reading) (points []sandbox.Point) {
	for _, point := range reading.Points {
		if point.Family.Origin != sandbox.Host {
			continue
		}
		point.Labels = slices.Clone(point.Labels)
		if point.Distribution != nil {
			distribution := *point.Distribution
			distribution.Buckets, distribution.Quantiles = slices.Clone(distribution.Buckets), slices.Clone(distribution.Quantiles)
			point.Distribution = &distribution
		}
		points = append(points, point)
	}
	return points
}

// samePoints tells whether two lists hold the same points in the same order.
func samePoints(a, b []sandbox.Point) bool {
	return slices.EqualFunc(a, b, func(a, b sandbox.Point) bool {
		if (a.Distribution == nil) != (b.Distribution == nil) {
			return false
		}
		return a.Family == b.Family && slices.Equal(a.Labels, b.Labels) && a.Value == b.Value &&
			(a.Distribution == nil || reflect.DeepEqual(a.Distribution, b.Distribution))
	})
}
