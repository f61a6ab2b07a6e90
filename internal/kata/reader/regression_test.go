package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pull reads a response with these lines in the guest part.
func pull(t *testing.T, r *Reader, lines ...string) *sandbox.Reading {
	t.Helper()
	return read(t, r, minimalGo+"# TYPE kata_guest_load gauge\n"+strings.Join(lines, "\n")+"\n")
}

// guestValues returns the sorted values of the guest's points.
func guestValues(reading *sandbox.Reading) string {
	var values []string
	for i := range reading.Points {
		if reading.Points[i].Family.Origin == sandbox.Guest {
			values = append(values, fmt.Sprint(reading.Points[i].Value.AsFloat()))
		}
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}

// TestRegressedCounters checks how decreasing values are handled.
func TestRegressedCounters(t *testing.T) {
	const counter, gauge = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `, "kata_agent_threads "
	for _, test := range []struct {
		name         string
		naming       sandbox.Naming
		prefix       string
		values, want []string // by pull; "-" is a dropped value
	}{
		{"increasing", "otel", counter, []string{"5", "5", "7"}, []string{"5", "5", "7"}},
		{"reset", "otel", counter, []string{"100", "3", "4"}, []string{"100", "-", "4"}},
		{"dip", "otel", counter, []string{"100", "99", "101"}, []string{"100", "-", "101"}},
		{"repeated decrease", "otel", counter, []string{"100", "9", "8", "8"}, []string{"100", "-", "-", "8"}},
		{"gauge", "otel", gauge, []string{"5", "3", "1"}, []string{"5", "3", "1"}},
		{"declared a gauge", "prometheus", counter, []string{"100", "3"}, []string{"100", "3"}},
		{"declared a counter", "prometheus", "kata_agent_scrape_count ", []string{"100", "3", "4"}, []string{"100", "-", "4"}},
	} {
		settings := settingsFor(t, test.naming)
		r := New(catalog.Go, "qemu", settings)
		for i, value := range test.values {
			reading := pull(t, r, test.prefix+value)
			want, wantDropped := test.want[i], ""
			if want == "-" {
				want, wantDropped = "", "regressed 1"
			}
			if got := guestValues(reading); got != want || dropped(reading) != wantDropped {
				t.Errorf("%s: pull %d: values %q, dropped %q, want %q, %q", test.name, i, got, dropped(reading), want, wantDropped)
			}
		}
	}
}

// TestRegressedBeforeEmitted checks that a value that was read but never emitted
// does not count as the last value.
func TestRegressedBeforeEmitted(t *testing.T) {
	settings := settingsFor(t, "otel")
	r := New(catalog.Rust, "clh", settings)
	const counter = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `
	if err := r.Read(strings.NewReader(counter+"100\n"), newReading()); err == nil {
		t.Fatal("no error for a response without a host part")
	}
	reading := read(t, r, counter+"5\n"+minimalRust)
	if got := guestValues(reading); got != "5" || dropped(reading) != "" {
		t.Errorf("values %q, dropped %q, want 5, none", got, dropped(reading))
	}
}

func TestRegressedHistogram(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.FilterFamily = []string{histogramName} })
	r := New(catalog.Go, "qemu", settings)
	for i, count := range []float64{3, 4, 2, 2} {
		histogram := histogramText("wait", slices.Repeat([]float64{count}, 11), "8", fmt.Sprint(count))
		reading := read(t, r, "# TYPE "+histogramName+" histogram\n"+histogram)
		want := 1
		if i == 2 {
			want = 0
		}
		if len(reading.Points) != want {
			t.Errorf("pull %d: got %d points, want %d", i, len(reading.Points), want)
		} else if want == 1 && reading.Points[0].Distribution.Count != uint64(count) {
			t.Errorf("pull %d: count %d, want %v", i, reading.Points[0].Distribution.Count, count)
		}
	}
	if len(r.distributions) != 1 {
		t.Errorf("got %d distributions for one series", len(r.distributions))
	}
}
