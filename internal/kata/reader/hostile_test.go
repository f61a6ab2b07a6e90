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

// hostileTexts are texts of a guest that tries to do harm. None of them may
// change the points of the host.
var hostileTexts = map[string]string{
	"empty":  "",
	"honest": guestText(catalog.Go),
	"host families": "# TYPE kata_shim_threads gauge\nkata_shim_threads 1\n" +
		"# TYPE kata_hypervisor_threads gauge\nkata_hypervisor_threads 1\n" +
		"# TYPE process_open_fds gauge\nprocess_open_fds 1\n" +
		"# TYPE go_goroutines gauge\ngo_goroutines 1\n",
	"Go host part":           hostText(catalog.Go, "qemu"),
	"runtime-rs host part":   hostText(catalog.Rust, "dragonball"),
	"start time":             "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1\n",
	"after the last family":  "# TYPE process_zzz gauge\nprocess_zzz 1\n# TYPE zzz gauge\nzzz 1\n",
	"identity":               "# TYPE kata_guest_load gauge\n" + identityLoads,
	"wrong types":            "# TYPE kata_guest_load histogram\n" + loadHistogram + "# TYPE kata_guest_tasks counter\n" + currentTasks,
	"quoted names":           "{\"kata_shim.threads\"} 1\n{\"process.zzz\"} 1\n{\"process.virtual.memory.max.bytes\"} 1\n",
	"not finite":             "# TYPE kata_guest_load gauge\nkata_guest_load{item=\"load1\"} NaN\nkata_guest_load{item=\"load5\"} +Inf\n",
	"timestamps":             "# TYPE kata_agent_threads gauge\nkata_agent_threads 1 1600000000000\n",
	"duplicates":             "# TYPE kata_agent_threads gauge\nkata_agent_threads 1\nkata_agent_threads 1\nkata_agent_threads 2\n",
	"many labels":            strings.Repeat("kata_agent_threads{"+strings.Repeat("x=\"\",", 5000)+"} 1\n", 3),
	"many series":            manySeries(20_000),
	"many families":          manyFamilies(20_000),
	"many interfaces":        strings.Join(interfaceLines(0, 5000), "\n") + "\n",
	"marks":                  strings.Repeat(shimMark, 1000) + "\n" + strings.Repeat(hypervisorMark, 1000) + "\n" + shimMark,
	"newlines":               strings.Repeat("\n", 1<<20),
	"binary":                 "\x00\x01\xff\xfe kata_shim_threads 1\r\n",
	"no final newline":       "kata_agent_threads 1",
	"truncated line":         "kata_guest_load{item=\"",
	"long line":              "kata_agent_threads " + strings.Repeat("1", 1<<17),
	"newline in label value": "kata_guest_load{item=\"x\nkata_shim_threads 1\n",
	"empty braces":           "{}\n",
}

// Lines of hostileTexts.
const (
	identityLoads = "kata_guest_load{item=\"load1\",sandbox_id=\"victim\",cri_namespace=\"kube-system\"} 1\n" +
		"kata_guest_load{item=\"load5\",job=\"x\",instance=\"y\"} 1\n"
	loadHistogram = "kata_guest_load_bucket{le=\"1\"} 1\nkata_guest_load_count 1\nkata_guest_load_sum 1\n"
	currentTasks  = "kata_guest_tasks{item=\"cur\"} 1\n"
)

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

// shimResponse returns the response of a shim to which the guest sends a text.
// The Go shim parses the text and encodes the result. It omits a text that it
// cannot parse.
func shimResponse(flavor catalog.Flavor, host, guest string) string {
	if flavor == catalog.Rust {
		return guest + host
	}
	return host + reencode(guest)
}

// reencode parses a text and encodes it with Prometheus' encoder. The result is
// empty if the text cannot be parsed.
func reencode(text string) (encoded string) {
	defer func() {
		if recover() != nil { // the parser panics, for example for "{}"
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
		// The shim replaces characters that are not allowed in classic names
		// by underscores.
		if _, err := expfmt.MetricFamilyToText(&out, model.EscapeMetricFamily(family, model.UnderscoreEscaping)); err != nil {
			return ""
		}
	}
	return out.String()
}

// TestHostileGuests checks that the host points are the same for every text of
// the guest.
func TestHostileGuests(t *testing.T) {
	for _, layout := range flavors {
		for _, naming := range sandbox.Namings {
			settings := settingsFor(t, naming)
			host := hostText(layout.flavor, layout.hypervisor)
			want := points(settings, read(t, New(layout.flavor, layout.hypervisor, settings), host))
			for name, guest := range hostileTexts {
				t.Run(fmt.Sprint(layout.flavor, " ", layout.hypervisor, " ", naming, " ", name), func(t *testing.T) {
					text := shimResponse(layout.flavor, host, guest)
					reading := read(t, New(layout.flavor, layout.hypervisor, settings), text)
					if diff := difference(hostPoints(settings, reading), want); diff != "" {
						t.Error(diff)
					}
					checkGuestPoints(t, settings, reading)
				})
			}
		}
	}
}

// guestPrefixes begin the names of all guest metrics.
var guestPrefixes = []string{"kata.guest.", "kata.agent.", "kata_guest_", "kata_agent_"}

// checkGuestPoints checks that all points of the guest have names of the guest,
// are finite and unique, and that their number is limited.
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
		name := settings.naming.Of(point.Family).Name
		if !slices.ContainsFunc(guestPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			t.Errorf("%s is a guest metric", name)
		}
		if !isFinite(point.Value.AsFloat()) || point.Distribution != nil {
			t.Errorf("%s has value %v and distribution %v", name, point.Value, point.Distribution)
		}
		key := series{family: point.Family}
		copy(key.labels[:], point.Labels)
		if guests[key] {
			t.Errorf("%s%q is emitted twice", name, point.Labels)
		}
		guests[key] = true
	}
	if len(guests) > defaultLimits.guestSeries {
		t.Errorf("got %d guest series, want at most %d", len(guests), defaultLimits.guestSeries)
	}
}

// hostOnly returns a copy of the points that were measured on the host, in their
// order.
func hostOnly(reading *sandbox.Reading) (points []sandbox.Point) {
	for _, point := range reading.Points {
		if point.Family.Origin != sandbox.Host {
			continue
		}
		point.Labels = slices.Clone(point.Labels)
		if point.Distribution != nil {
			distribution := *point.Distribution
			distribution.Buckets = slices.Clone(distribution.Buckets)
			distribution.Quantiles = slices.Clone(distribution.Quantiles)
			point.Distribution = &distribution
		}
		points = append(points, point)
	}
	return points
}

// samePoints reports whether two lists have the same points in the same order.
func samePoints(a, b []sandbox.Point) bool {
	return slices.EqualFunc(a, b, func(a, b sandbox.Point) bool {
		if (a.Distribution == nil) != (b.Distribution == nil) {
			return false
		}
		return a.Family == b.Family && slices.Equal(a.Labels, b.Labels) && a.Value == b.Value &&
			(a.Distribution == nil || reflect.DeepEqual(a.Distribution, b.Distribution))
	})
}
