package reader

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// repeated returns a function that reads the same response at every call, and the
// size of the response.
func repeated(tb testing.TB, layout int, naming sandbox.Naming, families Families) (read func(), size int) {
	tb.Helper()
	flavor, hypervisor := flavors[layout].flavor, flavors[layout].hypervisor
	settings := settingsFor(tb, naming, func(o *Options) { o.Families = families })
	body := response(flavor, hostText(flavor, hypervisor), guestText(flavor))
	// Additional disks make the response as long as that of a real guest.
	for i := 0; len(body) < 70<<10>>flavor; i++ {
		disk := familyText(catalog.For(flavor).Family([]byte("kata_guest_diskstat")), sequence(1000*i))
		body = response(flavor, body, strings.ReplaceAll(disk, `"vda"`, fmt.Sprintf(`"loop%d"`, i)))
	}
	r := New(flavor, hypervisor, settings)
	reading := newReading()
	source := strings.NewReader(body)
	start, now := reading.Start, reading.Time
	return func() {
		source.Reset(body)
		reading.Reset()
		reading.Start, reading.Time = start, now
		if err := r.Read(source, reading); err != nil {
			tb.Fatal(err)
		}
	}, len(body)
}

// TestReadDoesNotAllocate checks that a response with the series of the last one
// is read without allocations.
func TestReadDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("with the race detector, sync.Pool drops items at random")
	}
	for layout := range flavors {
		for _, naming := range sandbox.Namings {
			for _, families := range []Families{DefaultFamilies, AllFamilies} {
				read, _ := repeated(t, layout, naming, families)
				read()
				if allocations := testing.AllocsPerRun(20, read); allocations != 0 {
					t.Errorf("%v, %s, %s: got %v allocations, want none", flavors[layout], naming, families, allocations)
				}
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for layout := range flavors {
		for _, families := range []Families{DefaultFamilies, AllFamilies} {
			b.Run(fmt.Sprint(flavors[layout].flavor, "/", flavors[layout].hypervisor, "/", families), func(b *testing.B) {
				read, size := repeated(b, layout, "otel", families)
				read()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					read()
				}
			})
		}
	}
}

// BenchmarkCapture is BenchmarkRead with captured responses, if there are any.
func BenchmarkCapture(b *testing.B) {
	for _, row := range []struct {
		name   string
		flavor catalog.Flavor
	}{{"go-shim.prom", catalog.Go}, {"runtime-rs-shim.prom", catalog.Rust}} {
		for _, families := range []Families{DefaultFamilies, AllFamilies} {
			b.Run(row.name+"/"+string(families), func(b *testing.B) {
				body := readCapture(b, row.name)
				settings := settingsFor(b, "otel", func(o *Options) { o.Families = families })
				r := New(row.flavor, "dragonball", settings)
				reading := captureReading()
				source := strings.NewReader(body)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					source.Reset(body)
					reading.Reset()
					if err := r.Read(source, reading); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkHostile reads the longest responses that a guest can cause.
func BenchmarkHostile(b *testing.B) {
	for _, row := range []struct {
		name, guest string
		flavor      catalog.Flavor
	}{
		{"series", manySeries(300_000), catalog.Go},
		{"families", manyFamilies(300_000), catalog.Go},
		{"newlines", strings.Repeat("\n", 4<<20), catalog.Rust},
		{"marks", strings.Repeat(shimMark, 4<<20/len(shimMark)), catalog.Rust},
	} {
		b.Run(row.name, func(b *testing.B) {
			settings := settingsFor(b, "otel", func(o *Options) { o.MaxResponseSize = 64 << 20 })
			body := response(row.flavor, hostText(row.flavor, "clh"), row.guest)
			r := New(row.flavor, "clh", settings)
			reading := newReading()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				reading.Reset()
				if err := r.Read(strings.NewReader(body), reading); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
