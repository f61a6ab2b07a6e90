package reader

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flavors are the shapes of answers.
var flavors = []struct {
	flavor     catalog.Flavor
	hypervisor string
}{
	{catalog.Go, "qemu"}, {catalog.Go, "firecracker"}, {catalog.Rust, "dragonball"}, {catalog.Rust, "clh"},
}

// TestWholeAnswers reads answers with everything in them: each sample has to
// become a point, or be one that the catalog gives no name.
func TestWholeAnswers(t *testing.T) {
	for _, shape := range flavors {
		for _, naming := range []string{"otel", "prometheus"} {
			t.Run(fmt.Sprint(shape.flavor, " ", shape.hypervisor, " ", naming), func(t *testing.T) {
				settings := settingsFor(t, naming)
				host, guest := hostText(shape.flavor, shape.hypervisor), guestText(shape.flavor)
				reading := newReading()
				if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(response(shape.flavor, host, guest)), reading); err != nil {
					t.Fatal(err)
				}
				if got := dropped(reading); got != "" {
					t.Errorf("dropped %s", got)
				}
				if reading.ResponseSize != len(host)+len(guest) {
					t.Errorf("%d bytes, want %d", reading.ResponseSize, len(host)+len(guest))
				}
				want := expected(t, settings, shape.flavor, host+guest)
				if diff := difference(points(settings, reading), want); diff != "" {
					t.Error(diff)
				}
				checkGrouped(t, settings, reading)
			})
		}
	}
}

// expected works out, from a text of one sample per line and by other means
// than the reader, which points it has to become.
func expected(t *testing.T, settings *Settings, flavor catalog.Flavor, text string) map[string]string {
	t.Helper()
	want := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, value, _ := strings.Cut(line, " ")
		name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_sum") || strings.Contains(labels, "quantile=") {
			continue
		}
		family := catalog.For(flavor).Family([]byte(name))
		distribution := family == nil
		if distribution {
			name = strings.TrimSuffix(name, "_count")
			family = catalog.For(flavor).Family([]byte(name))
		}
		item, texts := "", map[string]string{}
		for label := range strings.SplitSeq(labels, ",") {
			if key, text, found := strings.Cut(label, "="); found && key == "item" {
				item = strings.Trim(text, `"`)
			} else if found {
				texts[key] = strings.Trim(text, `"`)
			}
		}
		items := family.Items
		if family.OnlyText != "" && texts["cpu"] == family.OnlyText {
			items = family.Only
		}
		var row *catalog.Row
		other := false
		if at := items.Find([]byte(item), -1); at >= 0 {
			row = &items[at]
		} else {
			row, other = family.Other([]byte(item)), true
		}
		descriptor := settings.descriptor(&row.Family)
		if descriptor.Name == "" {
			continue
		}
		var all []string
		for i, label := range family.Labels {
			if descriptor.LabelKeys[i] != "" {
				all = append(all, descriptor.LabelKeys[i]+"="+texts[label.Key])
			}
		}
		if other {
			all = append(all, descriptor.LabelKeys[0]+"="+item)
		}
		for _, attribute := range descriptor.Attributes {
			all = append(all, attribute.Key+"="+attribute.Value)
		}
		slices.Sort(all)
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		value = strconv.FormatFloat(number, 'g', -1, 64)
		if distribution {
			value = expectedDistribution(descriptor.Kind, number)
		}
		want[descriptor.Name+"{"+strings.Join(all, ",")+"}"] = fmt.Sprintf("%s kind %d origin %d", value, descriptor.Kind, row.Family.Origin)
	}
	return want
}

// expectedDistribution is the one that [writeSamples] writes with this count.
func expectedDistribution(kind sandbox.Kind, count float64) string {
	if kind == sandbox.Histogram {
		each := count / float64(len(catalog.BoundTexts))
		return fmt.Sprintf("%v %v %v %v []", count, 100*each, catalog.Bounds, slices.Repeat([]float64{each}, len(catalog.BoundTexts)))
	}
	var quantiles []sandbox.Quantile
	for i, at := range catalog.Quantiles {
		quantiles = append(quantiles, sandbox.Quantile{Quantile: at, Value: count + float64(i)})
	}
	return fmt.Sprintf("%v %v [] [] %v", count, 5*count, quantiles)
}

// checkGrouped checks that the points of each metric stand together.
func checkGrouped(t *testing.T, settings *Settings, reading *sandbox.Reading) {
	t.Helper()
	seen := map[string]bool{}
	last := ""
	for i := range reading.Points {
		name := settings.descriptor(reading.Points[i].Family).Name
		if name != last && seen[name] {
			t.Errorf("the points of %s do not stand together", name)
		}
		seen[name], last = true, name
	}
}

func TestDefaultPreset(t *testing.T) {
	for _, shape := range flavors {
		settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
		reading := newReading()
		body := response(shape.flavor, hostText(shape.flavor, shape.hypervisor), guestText(shape.flavor))
		if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		if count := len(reading.Points); count < 40 || count >= 100 {
			t.Errorf("%v %s: %d points, want 40 to 99", shape.flavor, shape.hypervisor, count)
		}
		got := points(settings, reading)
		for _, series := range []string{
			"kata.shim.thread.count{}", "kata.shim.cpu.time{cpu.mode=user}", "kata.guest.cpu.time{cpu.mode=idle}",
			"kata.guest.memory.available{}", "kata.guest.network.io{network.interface.name=eth0,network.io.direction=receive}",
			"kata.guest.filesystem.usage{system.device=vda,system.filesystem.mountpoint=/,system.filesystem.state=used}",
		} {
			if _, found := got[series]; !found {
				t.Errorf("%v %s: %s is missing", shape.flavor, shape.hypervisor, series)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	if _, err := NewSettings(Options{Naming: "otel", Families: "default"}); err != nil {
		t.Error(err)
	}
	_, err := NewSettings(Options{Naming: "opentelemetry", Families: "some", Unknown: "pass", MaxResponseSize: -1})
	want := `naming: "opentelemetry" is none of ["otel" "prometheus"]
families: "some" is none of ["default" "all"]
unknown_families: "pass" is none of ["drop" "gauge" ""]
max_response_size: -1 is negative: use for example 8388608`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestFilterFamily(t *testing.T) {
	for _, test := range []struct {
		prefixes []string
		want     []string // prefixes of all points
	}{
		{[]string{"kata_shim_go"}, []string{"kata_shim_go_"}},
		{[]string{"go_"}, nil}, // the renamed name counts
		{[]string{"kata_guest_load", "kata_agent_threads"}, []string{"kata_guest_load{", "kata_agent_threads{"}},
		{[]string{"kata_guest", "kata_guest_load"}, []string{"kata_guest_"}},
		{[]string{"kata"}, []string{"kata_"}},
	} {
		settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = test.prefixes })
		reading := newReading()
		body := hostText(catalog.Go, "qemu") + guestText(catalog.Go)
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		found := make([]bool, len(test.want))
		for series := range points(settings, reading) {
			at := slices.IndexFunc(test.want, func(prefix string) bool { return strings.HasPrefix(series, prefix) })
			if at < 0 {
				t.Errorf("%q: %s should not be there", test.prefixes, series)
			} else {
				found[at] = true
			}
		}
		if slices.Contains(found, false) {
			t.Errorf("%q: found %v of %q", test.prefixes, found, test.want)
		}
		if got := dropped(reading); got != "" {
			t.Errorf("%q: what a filter leaves out counts as dropped: %s", test.prefixes, got)
		}
	}
}
