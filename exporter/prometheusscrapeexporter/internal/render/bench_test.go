package render_test

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

const (
	sandboxes = 1000
	batchSize = 50
)

// namings are those of the sandbox receiver: identity on the resource or on each point.
var namings = map[string]bool{"otel": false, "prometheus": true}

func largeStore(labels bool) *series.Store {
	return newStore(series.Options{ResourceLabels: !labels, WithoutScope: true, MaxSeries: 1_000_000})
}

// cycles returns the batches of two cycles.
func cycles(labels bool) (batches []pmetric.Metrics) {
	for cycle := range int64(2) {
		for first := 0; first < sandboxes; first += batchSize {
			batches = append(batches, metricstest.Sandboxes(first, batchSize, cycle, labels))
		}
	}
	return batches
}

func BenchmarkConsume(b *testing.B) {
	for naming, labels := range namings {
		b.Run(naming, func(b *testing.B) {
			store := largeStore(labels)
			batches := cycles(labels)
			now := time.Now()
			for _, batch := range batches {
				store.Consume(batch, now)
			}
			points := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				// Every batch is of the newest cycle. Equal timestamps replace.
				batch := batches[len(batches)/2+i%(len(batches)/2)]
				store.Consume(batch, now)
				points += batch.DataPointCount()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(points), "ns/point")
		})
	}
}

func BenchmarkFirstConsume(b *testing.B) {
	for naming, labels := range namings {
		b.Run(naming, func(b *testing.B) {
			batches := cycles(labels)
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				store := largeStore(labels)
				for _, batch := range batches[:len(batches)/2] {
					store.Consume(batch, time.Now())
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(store.Stats().Series), "B/series")
				runtime.KeepAlive(store)
			}
		})
	}
}

type counter struct{ bytes int }

func (c *counter) Write(data []byte) (int, error) {
	c.bytes += len(data)
	return len(data), nil
}

func BenchmarkScrape(b *testing.B) {
	for naming, labels := range namings {
		for _, compress := range []bool{false, true} {
			name := naming + "/plain"
			if compress {
				name = naming + "/gzip"
			}
			b.Run(name, func(b *testing.B) {
				store := largeStore(labels)
				for _, batch := range cycles(labels) {
					store.Consume(batch, time.Now())
				}
				renderer := render.New(store, render.Options{})
				compressor, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
				require.NoError(b, err)
				var size counter
				b.ReportAllocs()
				for b.Loop() {
					size.bytes = 0
					var w io.Writer = &size
					if compress {
						compressor.Reset(&size)
						w = compressor
					}
					require.NoError(b, renderer.Render(w, text, time.Now()))
					if compress {
						require.NoError(b, compressor.Close())
					}
				}
				b.ReportMetric(float64(size.bytes), "B/page")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*store.Stats().Series), "ns/series")
			})
		}
	}
}

// A scrape and a batch allocate next to nothing, however many series there are.
func TestAllocationsPerSeries(t *testing.T) {
	for naming, labels := range namings {
		store := largeStore(labels)
		batch := metricstest.Sandboxes(0, 100, 0, labels)
		store.Consume(batch, time.Now())
		count := float64(store.Stats().Series)
		require.InDelta(t, 7000, count, 0)

		renderer := render.New(store, render.Options{})
		assert.Less(t, testing.AllocsPerRun(5, func() {
			store.Consume(batch, time.Now())
		})/count, 0.01, "batch, naming %s", naming)
		for name, format := range map[string]render.Format{"text": text, "OpenMetrics": openMetrics} {
			assert.Less(t, testing.AllocsPerRun(5, func() {
				require.NoError(t, renderer.Render(io.Discard, format, time.Now()))
			})/count, 0.01, "%s, naming %s", name, naming)
		}
	}
}
