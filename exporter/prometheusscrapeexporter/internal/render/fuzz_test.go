package render_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// FuzzPage checks that any batch leads to a page without equal series, that the limit on
// series is kept, and that nothing is left when all series have expired.
func FuzzPage(f *testing.F) {
	valid, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(everything().Metrics)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(valid, byte(0))
	f.Add(valid, byte(7))
	f.Fuzz(func(t *testing.T, data []byte, selector byte) {
		metrics, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(data)
		if err != nil {
			t.Skip()
		}
		strategies := []string{"", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation"}
		const limit = 50
		store := newStore(series.Options{
			Strategy: strategies[selector%4], ResourceLabels: selector&4 != 0, WithoutScope: selector&8 != 0, MaxSeries: limit,
		})
		now := time.Now()
		for range 2 {
			store.Consume(metrics, now)
		}
		for _, format := range []render.Format{text, openMetrics, {Escaping: model.UnderscoreEscaping}} {
			var out bytes.Buffer
			renderer := render.New(store, render.Options{UTF8: selector&2 != 0})
			if err := renderer.Render(&out, format, now); err != nil {
				t.Fatal(err)
			}
			checkLines(t, out.String())
		}
		if stats := store.Stats(); stats.Lines > limit {
			t.Fatalf("%d lines", stats.Lines)
		}
		store.Sweep(now.Add(time.Hour))
		if !store.Empty() {
			t.Fatal("something is left of expired series")
		}
	})
}

// checkLines fails if two lines have the same name and labels, or a family is on the page
// twice.
func checkLines(t *testing.T, page string) {
	t.Helper()
	seen := make(map[string]bool)
	for line := range strings.Lines(page) {
		key := line
		if !strings.HasPrefix(line, "#") {
			key = line[:strings.LastIndexByte(strings.TrimSpace(line), ' ')]
		} else if fields := strings.SplitN(line, " ", 4); len(fields) > 3 && fields[1] == "TYPE" && !strings.HasPrefix(fields[2], `"`) {
			key = "# TYPE " + fields[2]
		}
		if seen[key] {
			t.Fatalf("%q is on the page twice:\n%s", key, page)
		}
		seen[key] = true
	}
}
