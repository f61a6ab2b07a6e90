package reader

import (
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// unknownText is a response with families that the catalog lacks.
const unknownText = "# TYPE kata_shim_new gauge\nkata_shim_new 1\n" + minimalGo + `# TYPE kata_guest_new counter
kata_guest_new 5
kata_guest_new 6
kata_guest_new{item="b",interface="a"} 7
kata_guest_new{interface="a",item="b"} 7
kata_guest_new{interface="a",item="c"} 8
kata_guest_new{sandbox_id="x"} 1
kata_guest_new{item="a",cpu="b",disk="c"} 1
kata_guest_new{item="\n"} 1
kata_guest_new NaN
kata_guest_new 1 2
kata_agent_new -3
kata_shim_newer 1
go_new 1
up 1
`

// TestUnknownFamilies checks the option to emit unknown families as gauges.
func TestUnknownFamilies(t *testing.T) {
	for _, naming := range sandbox.Namings {
		settings := settingsFor(t, naming, func(o *Options) { o.Unknown = "gauge" })
		prefix := map[sandbox.Naming]string{"otel": "kata.unknown.", "prometheus": ""}[naming]
		r := New(catalog.Go, "qemu", settings)
		for range 2 {
			reading := read(t, r, unknownText)
			got := points(settings, reading)
			for series, value := range map[string]string{
				"kata_shim_new{}": "1", "kata_guest_new{}": "5", "kata_agent_new{}": "-3",
				"kata_guest_new{interface=a,item=b}": "7", "kata_guest_new{interface=a,item=c}": "8",
			} {
				if want := value + " kind 0 origin 1"; got[prefix+series] != want {
					t.Errorf("%s: %s is %q, want %q", naming, series, got[prefix+series], want)
				}
			}
			if want := "forged 2, foreign 1, bad_label 3, duplicate 2, non_finite 1, timestamped 1"; dropped(reading) != want {
				t.Errorf("%s: dropped %q, want %q", naming, dropped(reading), want)
			}
			checkGrouped(t, settings, reading)
		}
	}
}

// TestFilterUnknownFamilies checks that the filter applies to unknown families,
// by their names in kata-monitor.
func TestFilterUnknownFamilies(t *testing.T) {
	settings := settingsFor(t, "prometheus", func(o *Options) {
		o.Unknown, o.FilterFamily = "gauge", []string{"kata_guest_n", "kata_shim_go_n"}
	})
	text := "# TYPE go_new gauge\ngo_new 4\n" + minimalGo + "# TYPE kata_guest_new gauge\nkata_guest_new 5\nkata_guest_other 6\n"
	reading := read(t, New(catalog.Go, "qemu", settings), text)
	if got := guestValues(reading); got != "4 5" {
		t.Errorf("values %q, want those of go_new and kata_guest_new", got)
	}
}
