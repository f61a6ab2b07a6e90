package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	text        = render.Format{Escaping: model.NoEscaping}
	openMetrics = render.Format{Escaping: model.NoEscaping, OpenMetrics: true}
)

func newStore(options series.Options) *series.Store {
	if options.Expiration == 0 {
		options.Expiration = time.Minute
	}
	if options.MaxSeries == 0 {
		options.MaxSeries = 1000
	}
	return series.NewStore(options)
}

func page(t *testing.T, store *series.Store, options render.Options, format render.Format) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, render.New(store, options).Render(&out, format, time.Now()))
	return out.String()
}

// everything has all types, and values and labels that need care.
func everything() metricstest.Batch {
	batch := metricstest.New()
	r := batch.Resource("service.namespace", "shop", "service.name", "cart", "service.instance.id", "cart-1", "host.name", "a\"b\\c\nd")
	r.Scope.Scope().SetName("scope")
	r.Scope.Scope().SetVersion("1.0")
	r.Scope.Scope().Attributes().PutStr("origin", "host")
	gauge := r.Gauge("memory.usage", 1234567.5, "state", "used", "empty", "")
	gauge.SetTimestamp(1_700_000_000_123_456_789)
	counter := r.Counter("requests", 12345678901)
	counter.SetTimestamp(1_700_000_000_123_456_789)
	counter.SetStartTimestamp(1_600_000_000_500_000_000)
	r.Metric("quoted\nhelp").SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(-5)
	r.Histogram("latency", []float64{0.5, 1, 2.5e6}, 1, 2, 3, 4).SetStartTimestamp(1_600_000_000_000_000_000)
	r.Exponential("sizes", 1, 2)
	r.Summary("pauses", 3, 1.5, 0, 0.1, 1, 0.9)
	seconds := r.Metric("uptime")
	seconds.SetUnit("s")
	seconds.SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(1e21)
	batch.Resource().Gauge("plain", 0)
	return batch
}

func TestPageIsGolden(t *testing.T) {
	for name, test := range map[string]struct {
		store   series.Options
		render  render.Options
		format  render.Format
		unicode bool
	}{
		"text":           {format: text},
		"timestamps":     {format: text, render: render.Options{Timestamps: true}, store: series.Options{WithoutScope: true}},
		"openmetrics":    {format: openMetrics, render: render.Options{Timestamps: true}},
		"created":        {format: openMetrics, render: render.Options{Created: true}, store: series.Options{Created: true}},
		"no-translation": {format: text, store: series.Options{Strategy: "NoTranslation", ResourceLabels: true, WithoutScope: true}},
		"escaped": {
			format: render.Format{Escaping: model.UnderscoreEscaping}, render: render.Options{UTF8: true},
			store: series.Options{Strategy: "NoTranslation", ResourceLabels: true, WithoutScope: true},
		},
		"resource-labels": {format: text, store: series.Options{
			ResourceLabels: true, ExcludeService: true, Namespace: "acme", ConstLabels: map[string]string{"cluster": "c1"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(test.store)
			store.Consume(everything().Metrics, time.Now())
			got := page(t, store, test.render, test.format)
			path := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// Different names that become equal only because the client cannot read them must not
// become equal lines, or a line with a label twice.
func TestEscapedNamesStayUnique(t *testing.T) {
	store := newStore(series.Options{Strategy: "NoTranslation", WithoutScope: true})
	batch := metricstest.New()
	r := batch.Resource()
	r.Gauge("a.b", 1, "x.y", "1", "x_y", "1")
	r.Gauge("a_b", 2)
	r.Gauge("c", 1, "x.y", "1")
	r.Gauge("c", 2, "x_y", "1")
	r.Histogram("d.e", nil, 1)
	r.Gauge("d_e_count", 1)
	store.Consume(batch.Metrics, time.Now())

	got := page(t, store, render.Options{UTF8: true}, render.Format{Escaping: model.UnderscoreEscaping})
	assert.Contains(t, got, "a_b{x_y=\"1\"} 1\n")
	assert.NotContains(t, got, "a_b 2")
	assert.NotContains(t, got, `x_y="1",x_y`)
	assert.Contains(t, got, "c{x_y=\"1\"} 1\n")
	assert.NotContains(t, got, "c{x_y=\"1\"} 2\n")
	assert.Contains(t, got, "d_e_count 1\n")
	assert.NotContains(t, got, "TYPE d_e_count gauge")
}

// In OpenMetrics, a counter x_total belongs to a family x, which may exist already.
func TestOpenMetricsFamiliesStayUnique(t *testing.T) {
	store := newStore(series.Options{WithoutScope: true})
	batch := metricstest.New()
	r := batch.Resource()
	r.Gauge("x", 1)
	r.Counter("x", 2)
	r.Counter("y", 3)
	store.Consume(batch.Metrics, time.Now())

	got := page(t, store, render.Options{}, openMetrics)
	assert.Contains(t, got, "# TYPE x gauge\nx 1\n")
	assert.Contains(t, got, "# TYPE x_total unknown\nx_total 2\n")
	assert.Contains(t, got, "# TYPE y counter\ny_total 3\n")
	assert.Equal(t, "# EOF\n", got[len(got)-6:])
}

func TestExpiredSeriesAreNotOnPage(t *testing.T) {
	store := newStore(series.Options{WithoutScope: true, Expiration: time.Minute})
	batch := metricstest.New()
	batch.Resource("service.name", "a", "service.instance.id", "b").Gauge("x", 1)
	now := time.Now()
	store.Consume(batch.Metrics, now)
	for age, present := range map[time.Duration]bool{time.Minute: true, time.Minute + 1: false} {
		var out bytes.Buffer
		require.NoError(t, render.New(store, render.Options{}).Render(&out, text, now.Add(age)))
		assert.Equal(t, present, out.Len() > 0, age)
	}
}
