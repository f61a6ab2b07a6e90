package series_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// recorder records which families lost to which.
func recorder(conflicts *[]string) func(*series.Options) {
	return func(o *series.Options) {
		o.OnConflict = func(lost, won *series.Family) {
			*conflicts = append(*conflicts, fmt.Sprintf("%s %s < %s %s", lost.Kind, lost.Name, won.Kind, won.Name))
		}
	}
}

// The type that more resources have wins, although it came later.
func TestTypeOfMostResourcesWins(t *testing.T) {
	var conflicts []string
	store := newStore(recorder(&conflicts), func(o *series.Options) { o.Strategy = "UnderscoreEscapingWithoutSuffixes" })
	consume(store, func(b metricstest.Batch) {
		r := b.Resource("id", "hostile")
		for i := range 5 {
			r.Counter("x", 1, "n", fmt.Sprint(i))
		}
	})
	assert.Len(t, lines(t, store, start), 5)

	honest := func(b metricstest.Batch) {
		b.Resource("id", "a").Gauge("x", 1)
		b.Resource("id", "b").Gauge("x", 1)
	}
	assert.Zero(t, consume(store, honest)[series.TypeConflict], "the gauge loses only until its second resource arrives")
	assert.Equal(t, []string{`x{id="a"} 1`, `x{id="b"} 1`}, lines(t, store, start))
	assert.Equal(t, []string{"gauge x < counter x", "counter x < gauge x"}, conflicts, "the first gauge loses to the counter in a tie")

	dropped := consume(store, func(b metricstest.Batch) { b.Resource("id", "hostile").Counter("x", 1, "n", "0") })
	assert.Equal(t, 1, dropped[series.TypeConflict])
	assert.Zero(t, consume(store, honest)[series.TypeConflict])
	assert.Len(t, conflicts, 2, "a conflict is logged once")

	consume(store, func(b metricstest.Batch) {
		b.Resource("id", "a").Gauge("x", 1).SetFlags(metricstest.End())
		b.Resource("id", "b").Gauge("x", 1).SetFlags(metricstest.End())
	})
	assert.Len(t, lines(t, store, start), 5, "the name is free again")
}

// The points of the batch in which a conflict begins are counted like those of the next
// one, also those that arrived before it began.
func TestConflictIsCountedFromItsFirstBatch(t *testing.T) {
	store := newStore()
	batch := func(b metricstest.Batch) {
		first := b.Resource("id", "a")
		first.Gauge("x_total", 1, "n", "0")
		first.Gauge("x_total", 1, "n", "1")
		b.Resource("id", "b").Counter("x", 1)
		third := b.Resource("id", "c")
		third.Gauge("y", 1)
		third.Counter("x", 1)
	}
	for range 3 {
		assert.Equal(t, 2, consume(store, batch)[series.TypeConflict])
	}
	assert.Zero(t, consume(store, func(b metricstest.Batch) { b.Resource("id", "b").Counter("x", 1) })[series.TypeConflict],
		"points of earlier batches are not counted again")
}

// Names of samples conflict too, otherwise the page had equal lines.
func TestSampleNamesConflict(t *testing.T) {
	type resource = metricstest.Resource
	for name, test := range map[string]struct {
		build func(resource)
		lost  string
	}{
		"count of a histogram":  {func(r resource) { r.Histogram("x", nil, 1); r.Gauge("x_count", 1) }, "histogram x < gauge x_count"},
		"bucket of a histogram": {func(r resource) { r.Histogram("x", nil, 1); r.Gauge("x_bucket", 1) }, "histogram x < gauge x_bucket"},
		"sum of a summary":      {func(r resource) { r.Summary("x", 1, 1); r.Gauge("x_sum", 1) }, "summary x < gauge x_sum"},
		"histogram and summary": {func(r resource) { r.Summary("x", 1, 1); r.Histogram("x", nil, 1) }, "summary x < histogram x"},
		"bucket of a summary":   {func(r resource) { r.Summary("x", 1, 1); r.Gauge("x_bucket", 1) }, ""},
		"target_info": {func(r resource) {
			r.Attributes.PutStr("service.name", "a")
			r.Attributes.PutStr("service.instance.id", "b")
			r.Gauge("target_info", 1)
		}, "gauge target_info < gauge target_info"},
	} {
		t.Run(name, func(t *testing.T) {
			var conflicts []string
			store := newStore(recorder(&conflicts))
			consume(store, func(b metricstest.Batch) { test.build(b.Resource()) })
			if test.lost == "" {
				assert.Empty(t, conflicts)
				return
			}
			assert.Equal(t, []string{test.lost}, conflicts)
			seen := make(map[string]bool)
			for _, line := range lines(t, store, start) {
				assert.False(t, seen[line], line)
				seen[line] = true
			}
		})
	}
}

func TestUserMetricMayBeNamedTargetInfo(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) { b.Resource().Gauge("target_info", 1) })
	assert.Equal(t, []string{"target_info 1"}, lines(t, store, start))
}

// For each job and instance, there is one target_info.
func TestTargetInfoIsUnique(t *testing.T) {
	store := newStore(func(o *series.Options) { o.ResourceLabels = false })
	consume(store, func(b metricstest.Batch) {
		b.Resource("service.name", "a", "service.instance.id", "b", "version", "1").Gauge("x", 1)
		b.Resource("service.name", "a", "service.instance.id", "b", "version", "2").Gauge("y", 1)
		b.Resource("service.name", "a", "__reserved", "").Gauge("z", 1)
	})
	got := lines(t, store, start)
	assert.Len(t, got, 4)
	assert.Regexp(t, `^target_info\{instance="b",job="a",version="[12]"\} 1$`, got[0])
	assert.Equal(t, []string{`x{instance="b",job="a"} 1`, `y{instance="b",job="a"} 1`, `z{job="a"} 1`}, got[1:])
}
