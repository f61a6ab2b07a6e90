package series_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

var start = time.Unix(1_700_000_000, 0)

func newStore(change ...func(*series.Options)) *series.Store {
	options := series.Options{WithoutScope: true, ResourceLabels: true, Expiration: time.Minute, MaxSeries: 10_000}
	for _, c := range change {
		c(&options)
	}
	return series.NewStore(options)
}

// lines returns the lines of the page without comments, in the order of the page.
func lines(t *testing.T, store *series.Store, now time.Time) []string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, render.New(store, render.Options{}).Render(&out, render.Format{Escaping: model.NoEscaping}, now))
	var lines []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func consume(store *series.Store, build func(metricstest.Batch)) series.Dropped {
	batch := metricstest.New()
	build(batch)
	return store.Consume(batch.Metrics, start).Dropped
}

func empty(t *testing.T, store *series.Store) {
	t.Helper()
	assert.Zero(t, store.Stats())
	assert.True(t, store.Empty(), "the store keeps something that has no series")
}

// A point without value ends its own series, wherever it stands in its metric.
func TestPointWithoutValueEndsOnlyItsSeries(t *testing.T) {
	for position := range 3 {
		store := newStore()
		batch := func(end bool) func(metricstest.Batch) {
			return func(b metricstest.Batch) {
				points := b.Resource("id", "a").Metric("x").SetEmptyGauge().DataPoints()
				for i := range 3 {
					p := points.AppendEmpty()
					p.Attributes().PutInt("n", int64(i))
					p.SetIntValue(1)
					if end {
						p.SetIntValue(2)
					}
					if end && i == position {
						p.SetFlags(metricstest.End())
					}
				}
			}
		}
		consume(store, batch(false))
		consume(store, batch(true))
		got := lines(t, store, start)
		require.Len(t, got, 2)
		for _, line := range got {
			assert.True(t, strings.HasSuffix(line, "} 2"), line)
		}
	}
}

func TestEndOfEveryTypeLeavesNothing(t *testing.T) {
	store := newStore()
	for _, flags := range []pmetric.DataPointFlags{0, metricstest.End()} {
		consume(store, func(b metricstest.Batch) {
			r := b.Resource("service.name", "a", "service.instance.id", "b")
			r.Gauge("g", 1).SetFlags(flags)
			r.Counter("c", 1, "x", "y").SetFlags(flags)
			r.Histogram("h", []float64{1}, 1, 1).SetFlags(flags)
			r.Exponential("e", 1).SetFlags(flags)
			r.Summary("s", 1, 1, 0.5, 1).SetFlags(flags)
		})
	}
	assert.Empty(t, lines(t, store, start))
	empty(t, store)
}

func TestEndOfUnknownSeriesIsIgnored(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) { b.Resource("id", "a").Gauge("g", 1).SetFlags(metricstest.End()) })
	empty(t, store)
}

func TestSeriesExpireWithoutScrapes(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) { b.Resource("id", "a").Gauge("g", 1) })
	batch := metricstest.New()
	batch.Resource("id", "b").Gauge("g", 1)
	store.Consume(batch.Metrics, start.Add(30*time.Second))

	store.Sweep(start.Add(time.Minute))
	assert.Equal(t, 2, store.Stats().Series)
	store.Sweep(start.Add(time.Minute + 1))
	assert.Equal(t, []string{`g{id="b"} 1`}, lines(t, store, start.Add(time.Minute+1)))
	assert.Equal(t, 1, store.Stats().Resources)
	store.Sweep(start.Add(90*time.Second + 1))
	empty(t, store)
}

// A refreshed series outlives the others of its resource.
func TestExpiryIsPerSeries(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) {
		r := b.Resource("id", "a")
		r.Gauge("old", 1)
		r.Gauge("new", 1)
	})
	batch := metricstest.New()
	batch.Resource("id", "a").Gauge("new", 2)
	store.Consume(batch.Metrics, start.Add(time.Minute))
	assert.Equal(t, []string{`new{id="a"} 2`}, lines(t, store, start.Add(time.Minute+1)))
	store.Sweep(start.Add(time.Minute + 1))
	assert.Equal(t, 1, store.Stats().Series)
}

func TestOlderPointsAreDropped(t *testing.T) {
	store := newStore()
	for _, test := range []struct {
		timestamp int64
		value     float64
	}{{20, 1}, {10, 2}, {20, 3}} {
		consume(store, func(b metricstest.Batch) {
			b.Resource().Gauge("g", test.value).SetTimestamp(metricstest.Time(test.timestamp))
		})
	}
	assert.Equal(t, []string{"g 3"}, lines(t, store, start))
	assert.Equal(t, 1, consume(store, func(b metricstest.Batch) {
		b.Resource().Gauge("g", 4).SetTimestamp(metricstest.Time(19))
	})[series.OldTimestamp])
}

func TestDeltasAreAccumulated(t *testing.T) {
	store := newStore()
	for _, test := range []struct {
		start, end int64
		value      int64
		want       string
	}{
		{10, 20, 5, "c_total 5"},
		{20, 30, 7, "c_total 12"},
		{40, 50, 1, "c_total 1"}, // A gap is a reset.
		{50, 60, 2, "c_total 3"},
	} {
		consume(store, func(b metricstest.Batch) {
			b.Resource().Delta("c", test.value, metricstest.Time(test.start), metricstest.Time(test.end))
		})
		assert.Equal(t, []string{test.want}, lines(t, store, start))
	}
}

func TestDeltaHistogramsAreAccumulated(t *testing.T) {
	store := newStore()
	add := func(start, end int64, counts ...uint64) series.Dropped {
		return consume(store, func(b metricstest.Batch) {
			r := b.Resource()
			p := r.Histogram("h", []float64{1}, counts...)
			p.SetStartTimestamp(metricstest.Time(start))
			p.SetTimestamp(metricstest.Time(end))
			r.Scope.Metrics().At(0).Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		})
	}
	add(10, 20, 1, 2)
	add(20, 30, 1, 1)
	want := []string{`h_bucket{le="1"} 2`, `h_bucket{le="+Inf"} 5`, "h_sum 2.5", "h_count 5"}
	assert.Equal(t, want, lines(t, store, start))
	assert.Equal(t, 1, add(25, 35, 9, 9)[series.InvalidHistogram], "an overlapping delta is dropped")
	assert.Equal(t, want, lines(t, store, start))
	add(40, 50, 1, 0)
	assert.Equal(t, []string{`h_bucket{le="1"} 1`, `h_bucket{le="+Inf"} 1`, "h_sum 0.5", "h_count 1"}, lines(t, store, start))
}

func TestUnsupportedTemporalityIsDropped(t *testing.T) {
	dropped := consume(newStore(), func(b metricstest.Batch) {
		r := b.Resource()
		r.Delta("a", 1, 0, 1)
		r.Scope.Metrics().At(0).Sum().SetIsMonotonic(false)
		r.Counter("b", 1)
		r.Scope.Metrics().At(1).Sum().SetAggregationTemporality(pmetric.AggregationTemporalityUnspecified)
		r.Histogram("c", nil, 1)
		r.Scope.Metrics().At(2).Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityUnspecified)
	})
	assert.Equal(t, 3, dropped[series.Temporality])
}

// A histogram with other bounds has other lines, and the counters of lines follow.
func TestBoundsMayChange(t *testing.T) {
	store := newStore()
	for _, bounds := range [][]float64{{1, 2, 3}, {1}, {1, 2}, {5, 5, 1}} {
		consume(store, func(b metricstest.Batch) { b.Resource().Histogram("h", bounds, 1, 1, 1, 1) })
		assert.Len(t, lines(t, store, start), store.Stats().Lines)
	}
	assert.Equal(t, 5, store.Stats().Lines)
}
