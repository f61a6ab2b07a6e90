package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pull reads an answer with these lines of the guest.
func pull(t *testing.T, r *Reader, lines ...string) *sandbox.Reading {
	t.Helper()
	reading := newReading()
	body := miniGo + "# TYPE kata_guest_load gauge\n" + strings.Join(lines, "\n") + "\n"
	if err := r.Read(strings.NewReader(body), reading); err != nil {
		t.Fatal(err)
	}
	return reading
}

// guestValues are the values of the guest's points.
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

func TestRegress(t *testing.T) {
	const counting, level = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `, "kata_agent_threads "
	for _, test := range []struct {
		name, naming, prefix string
		values, want         []string // by pull; want "-" is dropped
	}{
		{"grows", "otel", counting, []string{"5", "5", "7"}, []string{"5", "5", "7"}},
		{"starts anew", "otel", counting, []string{"100", "3", "4"}, []string{"100", "-", "4"}},
		{"only dips", "otel", counting, []string{"100", "99", "101"}, []string{"100", "-", "101"}},
		{"keeps falling", "otel", counting, []string{"100", "9", "8", "8"}, []string{"100", "-", "-", "8"}},
		{"level", "otel", level, []string{"5", "3", "1"}, []string{"5", "3", "1"}},
		{"called a gauge", "prometheus", counting, []string{"100", "3"}, []string{"100", "3"}},
		{"called a counter", "prometheus", "kata_agent_scrape_count ", []string{"100", "3", "4"}, []string{"100", "-", "4"}},
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

// TestRegressBeforeDelivery: a value that was read, but never delivered, is no
// last value.
func TestRegressBeforeDelivery(t *testing.T) {
	settings := settingsFor(t, "otel")
	r := New(catalog.Rust, "clh", settings)
	const counting = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `
	if err := r.Read(strings.NewReader(counting+"100\n"), newReading()); err == nil {
		t.Fatal("no error for an answer without a host part")
	}
	reading := newReading()
	if err := r.Read(strings.NewReader(counting+"5\n"+miniRust), reading); err != nil {
		t.Fatal(err)
	}
	if got := guestValues(reading); got != "5" || dropped(reading) != "" {
		t.Errorf("values %q, dropped %q", got, dropped(reading))
	}
}

func TestHistogramRegress(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.FilterFamily = []string{histogramName} })
	r := New(catalog.Go, "qemu", settings)
	for i, count := range []float64{3, 4, 2, 2} {
		reading := newReading()
		body := "# TYPE " + histogramName + " histogram\n" + histogramText("wait", slices.Repeat([]float64{count}, 11), "8", fmt.Sprint(count))
		if err := r.Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		want := 1
		if i == 2 {
			want = 0
		}
		if len(reading.Points) != want {
			t.Errorf("pull %d: %d points, want %d", i, len(reading.Points), want)
		} else if want == 1 && reading.Points[0].Distribution.Count != uint64(count) {
			t.Errorf("pull %d: count %d, want %v", i, reading.Points[0].Distribution.Count, count)
		}
	}
	if len(r.distributions) != 1 {
		t.Errorf("%d distributions for one series", len(r.distributions))
	}
}
