package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flavors are the combinations that determine the layout of a response.
var flavors = []struct {
	flavor     catalog.Flavor
	hypervisor string
}{
	{catalog.Go, "qemu"}, {catalog.Go, "firecracker"}, {catalog.Rust, "dragonball"}, {catalog.Rust, "clh"},
}

// TestCompleteResponses reads responses with every row of the catalog. Each
// sample must become a point, unless its row has no name in the naming.
func TestCompleteResponses(t *testing.T) {
	for _, layout := range flavors {
		for _, naming := range sandbox.Namings {
			t.Run(fmt.Sprint(layout.flavor, " ", layout.hypervisor, " ", naming), func(t *testing.T) {
				settings := settingsFor(t, naming)
				host, guest := hostText(layout.flavor, layout.hypervisor), guestText(layout.flavor)
				reading := read(t, New(layout.flavor, layout.hypervisor, settings), response(layout.flavor, host, guest))
				if got := dropped(reading); got != "" {
					t.Errorf("dropped %s", got)
				}
				if reading.ResponseSize != len(host)+len(guest) {
					t.Errorf("response size is %d, want %d", reading.ResponseSize, len(host)+len(guest))
				}
				want := expected(t, settings, layout.flavor, host+guest)
				if diff := difference(points(settings, reading), want); diff != "" {
					t.Error(diff)
				}
				checkGrouped(t, settings, reading)
			})
		}
	}
}

// checkGrouped checks that the points of each metric are consecutive.
func checkGrouped(t *testing.T, settings *Settings, reading *sandbox.Reading) {
	t.Helper()
	seen := map[string]bool{}
	last := ""
	for i := range reading.Points {
		name := settings.naming.Of(reading.Points[i].Family).Name
		if name != last && seen[name] {
			t.Errorf("the points of %s are not consecutive", name)
		}
		seen[name], last = true, name
	}
}

func TestDefaultFamilies(t *testing.T) {
	for _, layout := range flavors {
		settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
		text := response(layout.flavor, hostText(layout.flavor, layout.hypervisor), guestText(layout.flavor))
		reading := read(t, New(layout.flavor, layout.hypervisor, settings), text)
		if count := len(reading.Points); count < 40 || count >= 100 {
			t.Errorf("%v %s: got %d points, want 40 to 99", layout.flavor, layout.hypervisor, count)
		}
		got := points(settings, reading)
		for _, series := range []string{
			"kata.shim.thread.count{}", "kata.shim.cpu.time{cpu.mode=user}", "kata.guest.cpu.time{cpu.mode=idle}",
			"kata.guest.memory.available{}", "kata.guest.network.io{network.interface.name=eth0,network.io.direction=receive}",
			"kata.guest.filesystem.usage{system.device=vda,system.filesystem.mountpoint=/,system.filesystem.state=used}",
		} {
			if _, found := got[series]; !found {
				t.Errorf("%v %s: %s is missing", layout.flavor, layout.hypervisor, series)
			}
		}
	}
}

func TestFilterFamily(t *testing.T) {
	for _, test := range []struct {
		prefixes []string
		want     []string // prefixes of all points
	}{
		{[]string{"kata_shim_go"}, []string{"kata_shim_go_"}},
		{[]string{"go_"}, nil}, // matched against kata-monitor's name, kata_shim_go_…
		{[]string{"kata_guest_load", "kata_agent_threads"}, []string{"kata_guest_load{", "kata_agent_threads{"}},
		{[]string{"kata_guest", "kata_guest_load"}, []string{"kata_guest_"}},
		{[]string{"kata"}, []string{"kata_"}},
	} {
		settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = test.prefixes })
		reading := read(t, New(catalog.Go, "qemu", settings), hostText(catalog.Go, "qemu")+guestText(catalog.Go))
		found := make([]bool, len(test.want))
		for series := range points(settings, reading) {
			at := slices.IndexFunc(test.want, func(prefix string) bool { return strings.HasPrefix(series, prefix) })
			if at < 0 {
				t.Errorf("%q: unexpected point %s", test.prefixes, series)
			} else {
				found[at] = true
			}
		}
		if slices.Contains(found, false) {
			t.Errorf("%q: found %v of %q", test.prefixes, found, test.want)
		}
		if got := dropped(reading); got != "" {
			t.Errorf("%q: families outside the filter are counted as dropped: %s", test.prefixes, got)
		}
	}
}
