package series_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

func limited(limit int) *series.Store {
	return newStore(func(o *series.Options) { o.MaxSeries = limit })
}

func fill(store *series.Store, id string, count int) series.Dropped {
	return consume(store, func(b metricstest.Batch) {
		points := b.Resource("id", id).Metric("x").SetEmptyGauge().DataPoints()
		for i := range count {
			points.AppendEmpty().Attributes().PutInt("n", int64(i))
		}
	})
}

func count(t *testing.T, store *series.Store, id string) int {
	t.Helper()
	n := 0
	for _, line := range lines(t, store, start) {
		if strings.Contains(line, fmt.Sprintf("id=%q", id)) {
			n++
		}
	}
	return n
}

// A resource that fills the page loses series to smaller ones, which lose none.
func TestLargestResourceIsRefusedFirst(t *testing.T) {
	store := limited(1000)
	for i := range 10 {
		fill(store, fmt.Sprint("small", i), 20)
	}
	assert.Equal(t, 1200, fill(store, "large", 2000)[series.MaxSeries])
	for i := range 15 {
		dropped := fill(store, fmt.Sprint("small", i), 20)
		assert.Zero(t, dropped[series.MaxSeries], i)
		assert.Equal(t, 20, count(t, store, fmt.Sprint("small", i)))
		fill(store, "large", 2000)
		assert.LessOrEqual(t, store.Stats().Lines, 1000)
	}
	assert.Greater(t, count(t, store, "large"), 500)
}

// Among resources of similar size, new ones are refused: the others stay complete.
func TestSimilarResourcesStayComplete(t *testing.T) {
	store := limited(1000)
	for i := range 60 {
		fill(store, fmt.Sprint("r", i), 20)
		assert.LessOrEqual(t, store.Stats().Lines, 1000)
	}
	for i := range 50 {
		assert.Equal(t, 20, count(t, store, fmt.Sprint("r", i)), i)
	}
}

func TestShareIsLiftedWhenAllFit(t *testing.T) {
	store := limited(1000)
	fill(store, "small", 100)
	fill(store, "large", 2000)
	assert.NotZero(t, fill(store, "small2", 100)[series.MaxSeries]+fill(store, "large", 900)[series.MaxSeries])
	fill(store, "large", 500)
	store.Sweep(start)
	store.Sweep(start)
	assert.Zero(t, fill(store, "large", 700)[series.MaxSeries])
}

func TestHistogramsCountWithAllLines(t *testing.T) {
	store := limited(10)
	for i := range 3 {
		consume(store, func(b metricstest.Batch) {
			b.Resource("id", fmt.Sprint(i)).Histogram("h", []float64{1}, 1, 1)
		})
	}
	assert.Equal(t, 8, store.Stats().Lines)
	assert.Len(t, lines(t, store, start), 8)
}

// A histogram that gets more buckets does not exceed the limit either.
func TestGrowingHistogramsAreLimited(t *testing.T) {
	store := limited(100)
	large := make([]float64, 200)
	for i := range large {
		large[i] = float64(i)
	}
	for i, bounds := range [][]float64{{1}, large[:50], large, large[:60]} {
		dropped := consume(store, func(b metricstest.Batch) {
			b.Resource("id", "a").Histogram("h", bounds)
			b.Resource("id", "b").Gauge("g", 1)
		})
		assert.Equal(t, i == 2, dropped[series.MaxSeries] > 0, i)
		assert.LessOrEqual(t, store.Stats().Lines, 100)
		assert.Len(t, lines(t, store, start), store.Stats().Lines)
	}
	assert.Equal(t, 64, store.Stats().Lines)
}

// When many sources come and go, nothing stays behind.
func TestChurnLeavesNothing(t *testing.T) {
	store := newStore()
	now := start
	for generation := range 300 {
		batch := metricstest.New()
		for i := range 10 {
			r := batch.Resource("id", fmt.Sprint(generation, i), "service.name", "a", "service.instance.id", fmt.Sprint(generation, i))
			r.Gauge(fmt.Sprint("g", generation%7), 1, "n", fmt.Sprint(generation))
			r.Counter(fmt.Sprint("c", generation%5), 1)
			r.Histogram("h", []float64{1, 2}, 1, 1, 1)
		}
		store.Consume(batch.Metrics, now)
		now = now.Add(10 * time.Second)
		store.Sweep(now)
		assert.LessOrEqual(t, store.Stats().Resources, 70)
	}
	store.Sweep(now.Add(time.Hour))
	empty(t, store)
}
