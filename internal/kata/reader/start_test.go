package reader

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

func TestStart(t *testing.T) {
	text := func(seconds string) string {
		return "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds " + seconds + "\n"
	}
	fallback := time.Unix(created, 0)
	for _, test := range []struct {
		name, text string
		flavor     catalog.Flavor
		want       time.Time
	}{
		{"plausible", text(fmt.Sprint(started, ".25")), catalog.Go, time.Unix(started, 250e6)},
		{"in Go's spelling", text("1.7999999981e+09"), catalog.Go, time.Unix(1_799_999_998, 100e6)},
		{"in the future", text(fmt.Sprint(pulled + 1)), catalog.Go, fallback},
		{"long before the sandbox", text(fmt.Sprint(created - 601)), catalog.Go, fallback},
		{"none", "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n", catalog.Go, fallback},
		{"zero", text("0"), catalog.Go, fallback},
		{"negative", text("-1"), catalog.Go, fallback},
		{"not a number", text("NaN"), catalog.Go, fallback},
		{"beyond time", text("1e300"), catalog.Go, fallback},
		{"of the guest", miniGo + text(fmt.Sprint(started)), catalog.Go, fallback},
		{"of the guest of runtime-rs", text(fmt.Sprint(started)) + miniRust, catalog.Rust, fallback},
	} {
		for _, families := range []string{"default", "all"} {
			settings := settingsFor(t, "otel", func(o *Options) { o.Families = families })
			reading := newReading()
			if err := New(test.flavor, "clh", settings).Read(strings.NewReader(test.text), reading); err != nil {
				t.Fatal(err)
			}
			if !reading.Start.Equal(test.want) {
				t.Errorf("%s, %s: start %v, want %v", test.name, families, reading.Start, test.want)
			}
		}
	}
	// The first start stays.
	rd := New(catalog.Go, "qemu", settingsFor(t, "otel"))
	for _, seconds := range []int{started, started + 1} {
		reading := newReading()
		if err := rd.Read(strings.NewReader(text(fmt.Sprint(seconds))), reading); err != nil || !reading.Start.Equal(time.Unix(started, 0)) {
			t.Errorf("start %v, error %v", reading.Start, err)
		}
	}
}
