package reader

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const histogramName = "kata_shim_rpc_durations_histogram_milliseconds"

// histogramText returns a histogram with these bucket values. An empty sum or
// count is omitted.
func histogramText(action string, values []float64, sum, count string) string {
	var out strings.Builder
	for i, value := range values {
		fmt.Fprintf(&out, "%s_bucket{action=%q,le=%q} %v\n", histogramName, action, catalog.BoundTexts[i], value)
	}
	if sum != "" {
		fmt.Fprintf(&out, "%s_sum{action=%q} %s\n", histogramName, action, sum)
	}
	if count != "" {
		fmt.Fprintf(&out, "%s_count{action=%q} %s\n", histogramName, action, count)
	}
	return out.String()
}

func TestHistograms(t *testing.T) {
	valid := []float64{0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}
	complete := histogramText("wait", valid, "8", "3")
	infinite := histogramName + `_bucket{action="wait",le="+Inf"} 3` + "\n"
	const want = "3 8 [1 2 4 8 16 32 64 128 256 512] [0 1 0 1 0 0 0 0 0 0 1] []"
	for _, test := range []struct {
		name, text string
		want       int // histograms
		dropped    string
	}{
		{"complete", complete, 1, ""},
		{"two", complete + histogramText("kill", valid, "8", "3"), 2, ""},
		{"invalid action", strings.ReplaceAll(complete, "wait", "w-t"), 0, "bad_label 13"},
		{"empty", histogramText("wait", make([]float64, 11), "0", "0"), 1, ""},
		{"duplicate", complete + complete, 1, "duplicate 1"},
		{"not cumulative", histogramText("wait", []float64{1, 0, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"count differs", histogramText("wait", valid, "8", "4"), 0, "inconsistent 1"},
		{"bucket missing", histogramText("wait", valid[:10], "8", "2"), 0, "inconsistent 1"},
		{"other bounds", strings.Replace(complete, `le="2"`, `le="3"`, 1), 0, "inconsistent 1"},
		{"swapped buckets", strings.NewReplacer(`le="2"`, `le="4"`, `le="4"`, `le="2"`).Replace(complete), 0, "inconsistent 1"},
		{"negative", histogramText("wait", []float64{-1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"fractional", histogramText("wait", []float64{0.5, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"not a number", strings.Replace(complete, `le="1"} 0`, `le="1"} NaN`, 1), 0, "inconsistent 1"},
		{"sum not a number", histogramText("wait", valid, "NaN", "3"), 0, "inconsistent 1"},
		{"sum missing", histogramText("wait", valid, "", "3"), 0, "inconsistent 1"},
		{"count missing", histogramText("wait", valid, "8", "") + histogramText("kill", valid, "8", "3"), 1, "inconsistent 1"},
		{"truncated", histogramText("wait", valid, "8", ""), 0, "inconsistent 1"},
		{
			"bucket after the sum",
			histogramText("wait", valid[:10], "8", "") + infinite + histogramText("wait", nil, "", "3"), 0, "inconsistent 1",
		},
		{"two sums", histogramText("wait", valid, "8", "") + histogramText("wait", nil, "8", "3"), 0, "inconsistent 1"},
		{"bound missing", histogramName + `_bucket{action="wait"} 1` + "\n", 0, "inconsistent 1"},
		{"name without suffix", histogramName + `{action="wait"} 1` + "\n", 0, "unknown 1"},
		{"additional label", strings.ReplaceAll(complete, "{action", `{x="y",action`), 0, "bad_label 13"},
		{"malformed line within", strings.Replace(complete, "_sum", "_sum!", 1), 0, "malformed 1, inconsistent 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "prometheus")
			text := "# TYPE " + histogramName + " histogram\n" + test.text + "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n"
			reading := read(t, New(catalog.Go, "qemu", settings), text)
			if got := len(reading.Points) - 1; got != test.want {
				t.Errorf("got %d histograms, want %d", got, test.want)
			}
			if got := dropped(reading); got != test.dropped {
				t.Errorf("dropped %q, want %q", got, test.dropped)
			}
			value, found := points(settings, reading)[histogramName+"{action=wait}"]
			if found && test.name != "empty" && !strings.HasPrefix(value, want) {
				t.Errorf("got %s, want %s", value, want)
			}
		})
	}
}

// TestCountsAreExact reads the largest count below which a float64 holds every
// whole number, and one beyond it.
func TestCountsAreExact(t *testing.T) {
	const largest = 1 << 53
	for count, want := range map[float64]string{largest: "", largest + 2: "inconsistent 1"} {
		text := histogramText("wait", []float64{10: count}, "8", fmt.Sprint(count))
		reading := read(t, New(catalog.Go, "qemu", settingsFor(t, "prometheus")), text)
		if got := dropped(reading); got != want {
			t.Errorf("count %v: dropped %q, want %q", count, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	text := func(values, sum, count string) string {
		var out strings.Builder
		out.WriteString("# TYPE go_gc_duration_seconds summary\n")
		for i, value := range strings.Fields(values) {
			fmt.Fprintf(&out, "go_gc_duration_seconds{quantile=%q} %s\n", catalog.QuantileTexts[i], value)
		}
		fmt.Fprintf(&out, "go_gc_duration_seconds_sum %s\ngo_gc_duration_seconds_count %s\n", sum, count)
		return out.String()
	}
	for _, test := range []struct {
		name, text    string
		naming        sandbox.Naming
		want, dropped string
	}{
		{"complete", text("1 2 3 4 5", "15", "5"), "otel", "5 15 [] [] [{0 1} {0.25 2} {0.5 3} {0.75 4} {1 5}]", ""},
		{
			"empty, naming prometheus", text("NaN NaN NaN NaN NaN", "0", "0"), "prometheus",
			"0 0 [] [] [{0 NaN} {0.25 NaN} {0.5 NaN} {0.75 NaN} {1 NaN}]", "",
		},
		{"empty", text("NaN NaN NaN NaN NaN", "0", "0"), "otel", "0 0 [] [] []", ""},
		{"quantile missing", text("1 2 3 4", "15", "5"), "otel", "", "inconsistent 1"},
		{"negative count", text("1 2 3 4 5", "15", "-1"), "otel", "", "inconsistent 1"},
		{"sum not a number", text("1 2 3 4 5", "NaN", "5"), "otel", "", "inconsistent 1"},
		{"bucket", strings.Replace(text("1 2 3 4 5", "15", "5"), "_sum", "_bucket", 1), "otel", "", "unknown 1, inconsistent 2"},
	} {
		settings := settingsFor(t, test.naming)
		reading := read(t, New(catalog.Go, "qemu", settings), test.text)
		got := ""
		for _, value := range points(settings, reading) {
			got, _, _ = strings.Cut(value, " kind")
		}
		if got != test.want || dropped(reading) != test.dropped {
			t.Errorf("%s: got %q, dropped %q, want %q, %q", test.name, got, dropped(reading), test.want, test.dropped)
		}
	}
}
