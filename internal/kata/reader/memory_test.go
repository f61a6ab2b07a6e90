package reader

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestSteadyMemory checks that equal answers make a reader grow once only, and
// that a default reader is small.
func TestSteadyMemory(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
	r := New(catalog.Go, "qemu", settings)
	body := hostText(catalog.Go, "qemu") + guestText(catalog.Go)
	sizes := func() [5]int {
		return [5]int{cap(r.table.entries), len(r.table.slots), cap(r.table.order), len(r.labelValues.entries), len(r.distributions)}
	}
	var first [5]int
	for i := range 3 {
		if err := r.Read(strings.NewReader(body), newReading()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = sizes()
		}
	}
	if got := sizes(); got != first {
		t.Errorf("sizes %v after three answers, %v after one", got, first)
	}
	bytes := int(unsafe.Sizeof(*r)) + first[0]*int(unsafe.Sizeof(series{})) + 2*first[1] + 2*first[2]
	if bytes > 8<<10 {
		t.Errorf("a reader takes %d bytes with the default preset", bytes)
	}
}

// TestTextsAreShared checks that a text of two sandboxes is there once.
func TestTextsAreShared(t *testing.T) {
	settings := settingsFor(t, "otel")
	text := func() string {
		reading := pull(t, New(catalog.Go, "qemu", settings), `kata_guest_netdev_stat{interface="shared0",item="recv_bytes"} 5`)
		for i := range reading.Points {
			if len(reading.Points[i].Labels) == 1 {
				return reading.Points[i].Labels[0]
			}
		}
		return ""
	}
	a, b := text(), text()
	if a != "shared0" || unsafe.StringData(a) != unsafe.StringData(b) {
		t.Errorf("%q and %q are two texts", a, b)
	}
}
