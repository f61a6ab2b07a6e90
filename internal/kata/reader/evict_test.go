package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestMakingRoom lets a guest's labels change at every pull: only a few new
// ones come through each time, and the ones that stay are not lost.
func TestMakingRoom(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 10, 2 })
	r := New(catalog.Go, "qemu", settings)
	stay := interfaceLines(0, 5)
	if got := len(strings.Fields(guestValues(pull(t, r, slices.Concat(stay, interfaceLines(100, 105))...)))); got != 10 {
		t.Fatalf("%d points, want 10", got)
	}
	for i := range 20 {
		from := 1000 * (i + 1)
		reading := pull(t, r, slices.Concat(stay, interfaceLines(from, from+5))...)
		values := strings.Fields(guestValues(reading))
		for n := range 5 {
			if !slices.Contains(values, fmt.Sprint(1000+n)) {
				t.Fatalf("pull %d: a series that stays is missing: %v", i, values)
			}
		}
		// The first finds no text that the last pull lacked.
		want := 2
		if i == 0 {
			want = 0
		}
		if got := len(values) - 5; got != want {
			t.Errorf("pull %d: %d new series, want %d", i, got, want)
		}
		if got := len(r.labelValues.ids); got > 10 || len(r.labelValues.entries) > 10 || r.labelValues.guest != got {
			t.Errorf("pull %d: %d texts, %d counted", i, got, r.labelValues.guest)
		}
		if r.table.guest+r.table.host != len(r.table.entries) {
			t.Errorf("pull %d: %d and %d series counted, of %d", i, r.table.guest, r.table.host, len(r.table.entries))
		}
	}
}

// hostInterface is an answer in which the host has an interface.
func hostInterface(name string) string {
	return "# TYPE kata_hypervisor_netdev gauge\nkata_hypervisor_netdev{interface=\"" + name + "\",item=\"recv_bytes\"} 1\n" + miniGo
}

// TestTextsOfTheHostStay checks that the guest's labels make no room at the
// expense of the host's.
func TestTextsOfTheHostStay(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	for _, name := range []string{"host0", "if0"} { // the guest has the second as well
		if err := r.Read(strings.NewReader(hostInterface(name)), newReading()); err != nil {
			t.Fatal(err)
		}
	}
	pull(t, r, interfaceLines(0, 1)...)
	pull(t, r)
	for i := 1; i < 4; i++ {
		// Both texts of the host are older than the guest's.
		if got := guestValues(pull(t, r, interfaceLines(i, i+1)...)); got != fmt.Sprint(1000+i) {
			t.Errorf("values %q of interface %d", got, i)
		}
		pull(t, r)
	}
	if r.labelValues.guest != 1 || r.labelValues.host != 2 {
		t.Errorf("%d texts of the guest and %d of the host, want 1 and 2", r.labelValues.guest, r.labelValues.host)
	}
	ends := newReading()
	r.AppendSeries(ends)
	all := points(settings, ends)
	for _, name := range []string{"host0", "if0"} {
		if _, found := all["kata.hypervisor.network.io{network.interface.name="+name+",network.io.direction=receive}"]; !found {
			t.Errorf("the host's series of %s got lost: %v", name, all)
		}
	}
}

// TestTextOfBothStays checks that a text stays for the host which the guest had
// first and has lost.
func TestTextOfBothStays(t *testing.T) {
	settings := limitedSettings(t, func(l *limits) { l.guestLabelValues, l.evictedLabelValues = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	pull(t, r, interfaceLines(0, 1)...)
	if err := r.Read(strings.NewReader(hostInterface("if0")), newReading()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "1001", "1001"} {
		if got := guestValues(pull(t, r, interfaceLines(1, 2)...)); got != want {
			t.Errorf("pull %d: values %q, want %q", i, got, want)
		}
	}
	ends := newReading()
	r.AppendSeries(ends)
	if _, found := points(settings, ends)["kata.hypervisor.network.io{network.interface.name=if0,network.io.direction=receive}"]; !found {
		t.Errorf("the host's series got lost: %v", points(settings, ends))
	}
}
