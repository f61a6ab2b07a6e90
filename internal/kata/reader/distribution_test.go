package reader

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

const histogramName = "kata_shim_rpc_durations_histogram_milliseconds"

// histogramText is a histogram with these values of its buckets.
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
	good := []float64{0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}
	whole := histogramText("wait", good, "8", "3")
	const want = "3 8 [1 2 4 8 16 32 64 128 256 512] [0 1 0 1 0 0 0 0 0 0 1] []"
	for _, test := range []struct {
		name, text string
		want       int // histograms
		dropped    string
	}{
		{"whole", whole, 1, ""},
		{"two", whole + histogramText("kill", good, "8", "3"), 2, ""},
		{"action", strings.ReplaceAll(whole, "wait", "w-t"), 0, "bad_label 13"},
		{"of nothing", histogramText("wait", make([]float64, 11), "0", "0"), 1, ""},
		{"twice", whole + whole, 1, "duplicate 1"},
		{"not cumulative", histogramText("wait", []float64{1, 0, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"count differs", histogramText("wait", good, "8", "4"), 0, "inconsistent 1"},
		{"bucket missing", histogramText("wait", good[:10], "8", "2"), 0, "inconsistent 1"},
		{"other bounds", strings.Replace(whole, `le="2"`, `le="3"`, 1), 0, "inconsistent 1"},
		{"buckets change places", strings.NewReplacer(`le="2"`, `le="4"`, `le="4"`, `le="2"`).Replace(whole), 0, "inconsistent 1"},
		{"negative", histogramText("wait", []float64{-1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"fraction", histogramText("wait", []float64{0.5, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"not a number", strings.Replace(whole, `le="1"} 0`, `le="1"} NaN`, 1), 0, "inconsistent 1"},
		{"sum not a number", histogramText("wait", good, "NaN", "3"), 0, "inconsistent 1"},
		{"no sum", histogramText("wait", good, "", "3"), 0, "inconsistent 1"},
		{"no count", histogramText("wait", good, "8", "") + histogramText("kill", good, "8", "3"), 1, "inconsistent 1"},
		{"cut off", histogramText("wait", good, "8", ""), 0, "inconsistent 1"},
		{"bucket behind the sum", histogramText("wait", good[:10], "8", "") + histogramName + `_bucket{action="wait",le="+Inf"} 3` + "\n" + histogramText("wait", nil, "", "3"), 0, "inconsistent 1"},
		{"two sums", histogramText("wait", good, "8", "") + histogramText("wait", nil, "8", "3"), 0, "inconsistent 1"},
		{"no bound", histogramName + `_bucket{action="wait"} 1` + "\n", 0, "inconsistent 1"},
		{"bare name", histogramName + `{action="wait"} 1` + "\n", 0, "unknown 1"},
		{"another label", strings.ReplaceAll(whole, "{action", `{x="y",action`), 0, "bad_label 13"},
		{"bad line within", strings.Replace(whole, "_sum", "_sum!", 1), 0, "malformed 1, inconsistent 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "prometheus")
			reading := newReading()
			body := "# TYPE " + histogramName + " histogram\n" + test.text + "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n"
			if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(body), reading); err != nil {
				t.Fatal(err)
			}
			if got := len(reading.Points) - 1; got != test.want {
				t.Errorf("%d histograms, want %d", got, test.want)
			}
			if got := dropped(reading); got != test.dropped {
				t.Errorf("dropped %q, want %q", got, test.dropped)
			}
			value, found := points(settings, reading)[histogramName+"{action=wait}"]
			if found && test.name != "of nothing" && !strings.HasPrefix(value, want) {
				t.Errorf("got %s, want %s", value, want)
			}
		})
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
		name, text, naming, want, dropped string
	}{
		{"whole", text("1 2 3 4 5", "15", "5"), "otel", "5 15 [] [] [{0 1} {0.25 2} {0.5 3} {0.75 4} {1 5}]", ""},
		{"empty, as Prometheus has it", text("NaN NaN NaN NaN NaN", "0", "0"), "prometheus", "0 0 [] [] [{0 NaN} {0.25 NaN} {0.5 NaN} {0.75 NaN} {1 NaN}]", ""},
		{"empty", text("NaN NaN NaN NaN NaN", "0", "0"), "otel", "0 0 [] [] []", ""},
		{"quantile missing", text("1 2 3 4", "15", "5"), "otel", "", "inconsistent 1"},
		{"count is no count", text("1 2 3 4 5", "15", "-1"), "otel", "", "inconsistent 1"},
		{"sum is no number", text("1 2 3 4 5", "NaN", "5"), "otel", "", "inconsistent 1"},
		{"bucket", strings.Replace(text("1 2 3 4 5", "15", "5"), "_sum", "_bucket", 1), "otel", "", "unknown 1, inconsistent 2"},
	} {
		settings := settingsFor(t, test.naming)
		reading := newReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, value := range points(settings, reading) {
			got, _, _ = strings.Cut(value, " kind")
		}
		if got != test.want || dropped(reading) != test.dropped {
			t.Errorf("%s: %q, dropped %q, want %q, %q", test.name, got, dropped(reading), test.want, test.dropped)
		}
	}
}
