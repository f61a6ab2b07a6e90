package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestEviction lets the label values of a guest change at every pull. Each pull
// accepts only a few new values and keeps those that are still in use.
func TestEviction(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 10, 2 })
	r := New(catalog.Go, "qemu", settings)
	stable := interfaceLines(0, 5)
	first := pull(t, r, slices.Concat(stable, interfaceLines(100, 105))...)
	if got := len(strings.Fields(guestValues(first))); got != 10 {
		t.Fatalf("got %d points, want 10", got)
	}
	for i := range 20 {
		from := 1000 * (i + 1)
		reading := pull(t, r, slices.Concat(stable, interfaceLines(from, from+5))...)
		values := strings.Fields(guestValues(reading))
		for n := range 5 {
			if !slices.Contains(values, fmt.Sprint(1000+n)) {
				t.Fatalf("pull %d: a stable series is missing: %v", i, values)
			}
		}
		// The first pull of the loop has no values to evict: the pull before
		// it had them all.
		want := 2
		if i == 0 {
			want = 0
		}
		if got := len(values) - 5; got != want {
			t.Errorf("pull %d: got %d new series, want %d", i, got, want)
		}
		if got := len(r.labelValues.ids); got > 10 || len(r.labelValues.entries) > 10 || r.labelValues.guest != got {
			t.Errorf("pull %d: got %d label values, %d are counted", i, got, r.labelValues.guest)
		}
		if r.table.guest+r.table.host != len(r.table.entries) {
			t.Errorf("pull %d: counted %d guest and %d host series in %d entries", i, r.table.guest, r.table.host, len(r.table.entries))
		}
	}
}

// TestOldestLabelValuesAreEvictedFirst has interfaces that vanish one after the
// other, in another order than that in which they appeared.
func TestOldestLabelValuesAreEvictedFirst(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 5, 1 })
	r := New(catalog.Go, "qemu", settings)
	all := interfaceLines(0, 5)
	for _, present := range [][]int{{0, 1, 2, 3}, {0, 1, 3}, {0, 3}, {3, 4}} {
		var lines []string
		for _, i := range present {
			lines = append(lines, all[i])
		}
		// Numbers of CPUs are no label values that could be evicted.
		pull(t, r, append(lines, `kata_guest_cpu_time{cpu="0",item="user"} 1`)...)
	}
	for i, evicted := range []string{"if2", "if1", "if0"} {
		if r.labelValues.find([]byte(evicted)) == 0 {
			t.Fatalf("%s was evicted too soon: %v", evicted, r.labelValues.ids)
		}
		pull(t, r, interfaceLines(10+i, 11+i)...)
		if r.labelValues.find([]byte(evicted)) != 0 {
			t.Fatalf("%s, which is missing longest, was not evicted: %v", evicted, r.labelValues.ids)
		}
	}
}

// hostInterface returns a response in which the host has an interface.
func hostInterface(name string) string {
	return "# TYPE kata_hypervisor_netdev gauge\n" +
		"kata_hypervisor_netdev{interface=\"" + name + "\",item=\"recv_bytes\"} 1\n" + minimalGo
}

// hostInterfaceSeries is the series of hostInterface.
func hostInterfaceSeries(name string) string {
	return "kata.hypervisor.network.io{network.interface.name=" + name + ",network.io.direction=receive}"
}

// TestHostLabelValuesAreKept checks that new label values of the guest do not
// evict those of the host.
func TestHostLabelValuesAreKept(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	for _, name := range []string{"host0", "if0"} { // the guest has if0, too
		read(t, r, hostInterface(name))
	}
	pull(t, r, interfaceLines(0, 1)...)
	pull(t, r)
	for i := 1; i < 4; i++ {
		// Both values of the host are older than those of the guest.
		if got, want := guestValues(pull(t, r, interfaceLines(i, i+1)...)), fmt.Sprint(1000+i); got != want {
			t.Errorf("interface %d: values %q, want %q", i, got, want)
		}
		pull(t, r)
	}
	if r.labelValues.guest != 1 || r.labelValues.host != 2 {
		t.Errorf("got %d label values of the guest and %d of the host, want 1 and 2", r.labelValues.guest, r.labelValues.host)
	}
	reading := newReading()
	r.AppendSeries(reading)
	all := points(settings, reading)
	for _, name := range []string{"host0", "if0"} {
		if _, found := all[hostInterfaceSeries(name)]; !found {
			t.Errorf("the host's series of %s is missing: %v", name, all)
		}
	}
}

// TestSharedLabelValueIsKept checks that a label value that the guest had first
// is kept for the host when it is evicted for the guest.
func TestSharedLabelValueIsKept(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	pull(t, r, interfaceLines(0, 1)...)
	read(t, r, hostInterface("if0"))
	for i, want := range []string{"", "1001", "1001"} {
		if got := guestValues(pull(t, r, interfaceLines(1, 2)...)); got != want {
			t.Errorf("pull %d: values %q, want %q", i, got, want)
		}
	}
	reading := newReading()
	r.AppendSeries(reading)
	if all := points(settings, reading); all[hostInterfaceSeries("if0")] == "" {
		t.Errorf("the host's series is missing: %v", all)
	}
}
