package render_test

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

// When 3,000 sandboxes have come and gone, none of their series is left, and the memory
// is free again. Half of them end with points without value, the others expire.
func TestChurnFreesMemory(t *testing.T) {
	const generations, perGeneration = 30, 100
	for naming, labels := range namings {
		store := newStore(series.Options{ResourceLabels: !labels, WithoutScope: true, MaxSeries: 1_000_000})
		renderer := render.New(store, render.Options{})
		now := time.Unix(1_700_000_000, 0)
		before := heap()
		for generation := range generations {
			batch := metricstest.Sandboxes(generation*perGeneration, perGeneration, 0, labels)
			store.Consume(batch, now)
			if generation%2 == 0 {
				store.Consume(metricstest.Ended(batch), now)
			}
			now = now.Add(10 * time.Second)
			store.Sweep(now)
			assert.LessOrEqual(t, store.Stats().Resources, 4*perGeneration)
			require.NoError(t, renderer.Render(io.Discard, text, now))
		}
		store.Sweep(now.Add(time.Minute))
		assert.True(t, store.Empty(), naming)
		assert.Less(t, int64(heap())-int64(before), int64(2<<20), naming)
		runtime.KeepAlive(store)
		runtime.KeepAlive(renderer)
	}
}
