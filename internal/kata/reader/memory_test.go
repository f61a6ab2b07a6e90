package reader

import (
	"testing"
	"unsafe"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestReaderSize checks that equal responses do not make a reader grow, and that
// a reader is small with the default families.
func TestReaderSize(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
	r := New(catalog.Go, "qemu", settings)
	sizes := func() [5]int {
		return [5]int{cap(r.table.entries), len(r.table.slots), cap(r.table.order), len(r.labelValues.entries), len(r.distributions)}
	}
	var first [5]int
	for i := range 3 {
		read(t, r, goHost+honestGuest)
		if i == 0 {
			first = sizes()
		}
	}
	if got := sizes(); got != first {
		t.Errorf("sizes %v after three responses, want %v as after one", got, first)
	}
	size := int(unsafe.Sizeof(*r)) + first[0]*int(unsafe.Sizeof(series{})) + 2*first[1] + 2*first[2]
	if size > 8<<10 {
		t.Errorf("the reader takes %d bytes, want at most 8 KiB", size)
	}
}

// TestLabelValuesAreShared checks that equal label values of two sandboxes share
// memory.
func TestLabelValuesAreShared(t *testing.T) {
	settings := settingsFor(t, "otel")
	value := func() string {
		reading := pull(t, New(catalog.Go, "qemu", settings), `kata_guest_netdev_stat{interface="shared0",item="recv_bytes"} 5`)
		for i := range reading.Points {
			if len(reading.Points[i].Labels) == 1 {
				return reading.Points[i].Labels[0]
			}
		}
		return ""
	}
	a, b := value(), value()
	if a != "shared0" || unsafe.StringData(a) != unsafe.StringData(b) {
		t.Errorf("%q and %q do not share memory", a, b)
	}
}
