package reader

import (
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// FuzzReader checks that no text of a guest changes what the host says, and
// that no text at all makes the reader fail in another way than it should.
func FuzzReader(f *testing.F) {
	for _, text := range hostileTexts {
		if len(text) < 1<<12 {
			f.Add(text)
		}
	}
	settings := settingsFor(f, "prometheus")
	adopting := settingsFor(f, "otel", func(o *Options) { o.Unknown = "gauge" })
	type shape struct {
		flavor     catalog.Flavor
		hypervisor string
		host       string
		want       []sandbox.Point
	}
	shapes := []shape{
		{flavor: catalog.Go, hypervisor: "qemu"}, {flavor: catalog.Rust, hypervisor: "dragonball"}, {flavor: catalog.Rust, hypervisor: "clh"},
	}
	for i := range shapes {
		s := &shapes[i]
		s.host = hostText(s.flavor, s.hypervisor)
		reading := newReading()
		if err := New(s.flavor, s.hypervisor, settings).Read(strings.NewReader(s.host), reading); err != nil {
			f.Fatal(err)
		}
		s.want = hostOnly(reading)
	}
	f.Fuzz(func(t *testing.T, guest string) {
		if len(guest) > 1<<14 {
			return
		}
		for _, s := range shapes {
			r := New(s.flavor, s.hypervisor, settings)
			for range 2 { // the second answer meets what the first left behind
				reading := newReading()
				if err := r.Read(strings.NewReader(shimResponse(s.flavor, s.host, guest)), reading); err != nil {
					t.Fatalf("%v %s: %v", s.flavor, s.hypervisor, err)
				}
				if got := hostOnly(reading); !samePoints(got, s.want) {
					t.Errorf("%v %s: %d host points are not the %d there should be", s.flavor, s.hypervisor, len(got), len(s.want))
				}
				checkGuestPoints(t, settings, reading)
			}
			if s.flavor == catalog.Go {
				// As no shim does: the guest's text as it is, behind the
				// beginning of a family of the guest.
				reading := newReading()
				_ = New(s.flavor, s.hypervisor, settings).Read(strings.NewReader(s.host+"# TYPE kata_guest_load gauge\n"+guest), reading)
				if got := hostOnly(reading); !samePoints(got, s.want) {
					t.Errorf("raw: %d host points are not the %d there should be", len(got), len(s.want))
				}
			}
			// As a whole answer, and once more with unknown families.
			for _, settings := range []*Settings{settings, adopting} {
				r := New(s.flavor, s.hypervisor, settings)
				reading := newReading()
				_ = r.Read(strings.NewReader(guest), reading)
				ends := newReading()
				r.AppendSeries(ends)
				if len(ends.Points) != len(reading.Points) {
					t.Errorf("%d points, but %d series end", len(reading.Points), len(ends.Points))
				}
			}
		}
	})
}
