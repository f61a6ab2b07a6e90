package reader

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// limitedSettings returns settings with changed limits.
func limitedSettings(t *testing.T, change func(*limits)) *Settings {
	t.Helper()
	settings := settingsFor(t, "otel", func(o *Options) { o.Unknown = "gauge" })
	change(&settings.limits)
	return settings
}

// interfaceLines returns a line of the guest for each interface.
func interfaceLines(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf(`kata_guest_netdev_stat{interface="if%d",item="recv_bytes"} %d`, i, 1000+i))
	}
	return lines
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*limits)
		lines   []string
		points  int // of the guest
		dropped string
	}{
		{"series", func(l *limits) { l.guestSeries = 3 }, interfaceLines(0, 5), 3, "limit 2"},
		{"label values", func(l *limits) { l.guestLabelValues = 4 }, interfaceLines(0, 5), 4, "limit 1"},
		{
			"unknown families", func(l *limits) { l.unknownFamilies = 2 },
			[]string{"kata_guest_a 1", "kata_guest_b 1", "kata_guest_c 1", `kata_guest_b{item="x"} 1`},
			2, "limit 2",
		},
		{"host series", func(l *limits) { l.hostSeries = 0 }, interfaceLines(0, 5), 5, "limit 1"},
	} {
		settings := limitedSettings(t, test.change)
		reading := pull(t, New(catalog.Go, "qemu", settings), test.lines...)
		got := len(strings.Fields(guestValues(reading)))
		if got != test.points || dropped(reading) != test.dropped {
			t.Errorf("%s: got %d points, dropped %q, want %d, %q", test.name, got, dropped(reading), test.points, test.dropped)
		}
	}
}

// TestHeldSampleLimit checks that held samples are limited, and that those of a
// forged part do not count against the limit.
func TestHeldSampleLimit(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.hostSeries = 4 })
	vcpus := func(from int) (text string) {
		text = hypervisorMark + "\n"
		for i := range 4 {
			text += fmt.Sprintf("kata_hypervisor_vcpu{cpu_id=%q,item=\"failures\"} 1\n", fmt.Sprint(from+i))
		}
		return text
	}
	text := vcpus(100) + "kata_hypervisor_signals{item=\"sigbus\"} 1\n" + vcpus(0) + minimalRust
	reading := read(t, New(catalog.Rust, "dragonball", settings), text)
	if got, want := dropped(reading), "forged 4, limit 3"; got != want {
		t.Errorf("dropped %q, want %q", got, want)
	}
	for series := range points(settings, reading) {
		if strings.Contains(series, "cpu.logical_number=10") {
			t.Errorf("forged series %s is emitted", series)
		}
	}
}

func TestHostLabelValueLimit(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.hostLabelValues = 1 })
	r := New(catalog.Go, "qemu", settings)
	for i, want := range []string{"", "limit 1"} {
		if got := dropped(read(t, r, hostInterface(fmt.Sprint("host", i)))); got != want {
			t.Errorf("interface %d: dropped %q, want %q", i, got, want)
		}
	}
}
