package reader

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// startText returns a host part with this start time of the shim.
func startText(seconds string) string {
	return "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n" +
		"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds " + seconds + "\n"
}

func TestStart(t *testing.T) {
	fallback := time.Unix(created, 0)
	for _, test := range []struct {
		name, text string
		flavor     catalog.Flavor
		want       time.Time
	}{
		{"plausible", startText(fmt.Sprint(started, ".25")), catalog.Go, time.Unix(started, 250e6)},
		{"in exponential notation", startText("1.7999999981e+09"), catalog.Go, time.Unix(1_799_999_998, 100e6)},
		{"in the future", startText(fmt.Sprint(pulled + 1)), catalog.Go, fallback},
		{"long before the sandbox", startText(fmt.Sprint(created - 601)), catalog.Go, fallback},
		{"missing", "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n", catalog.Go, fallback},
		{"zero", startText("0"), catalog.Go, fallback},
		{"negative", startText("-1"), catalog.Go, fallback},
		{"not a number", startText("NaN"), catalog.Go, fallback},
		{"out of range", startText("1e300"), catalog.Go, fallback},
		{"forged by the guest", minimalGo + startText(fmt.Sprint(started)), catalog.Go, fallback},
		{"forged by the guest, runtime-rs", startText(fmt.Sprint(started)) + minimalRust, catalog.Rust, fallback},
	} {
		for _, families := range []Families{DefaultFamilies, AllFamilies} {
			settings := settingsFor(t, "otel", func(o *Options) { o.Families = families })
			reading := read(t, New(test.flavor, "clh", settings), test.text)
			if !reading.Start.Equal(test.want) {
				t.Errorf("%s, %s: start %v, want %v", test.name, families, reading.Start, test.want)
			}
		}
	}
}

// TestStartIsUnknown reads a text without a start time if the creation time of the
// socket is not known either.
func TestStartIsUnknown(t *testing.T) {
	r := New(catalog.Go, "qemu", settingsFor(t, "otel"))
	for _, text := range []string{minimalGo, startText("0")} {
		reading := newReading()
		reading.Start = time.Time{}
		if err := r.Read(strings.NewReader(text), reading); err != nil || !reading.Start.IsZero() {
			t.Errorf("start %v, %v; want none", reading.Start, err)
		}
	}
}

// TestFirstStartIsKept checks that a different start time in a later response
// is ignored.
func TestFirstStartIsKept(t *testing.T) {
	r := New(catalog.Go, "qemu", settingsFor(t, "otel"))
	want := time.Unix(started, 0)
	for _, seconds := range []int{started, started + 1} {
		if reading := read(t, r, startText(fmt.Sprint(seconds))); !reading.Start.Equal(want) {
			t.Errorf("start %v, want %v", reading.Start, want)
		}
	}
}
