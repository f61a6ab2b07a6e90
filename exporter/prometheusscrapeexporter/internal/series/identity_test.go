package series_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// Different metrics, resources and points that become the same line share one series:
// the last value wins.
func TestEqualLinesAreOneSeries(t *testing.T) {
	for name, build := range map[string]func(metricstest.Batch){
		"metrics":         func(b metricstest.Batch) { r := b.Resource("x", "1"); r.Gauge("a.b", 1); r.Gauge("a_b", 2) },
		"order of labels": func(b metricstest.Batch) { r := b.Resource(); r.Gauge("a_b", 1, "x", "1"); r.Gauge("a_b", 2, "x", "1") },
		"resource and point": func(b metricstest.Batch) {
			b.Resource("x", "1").Gauge("a_b", 1)
			b.Resource().Gauge("a_b", 2, "x", "1")
		},
		"empty label": func(b metricstest.Batch) { r := b.Resource("x", "1"); r.Gauge("a_b", 1, "y", ""); r.Gauge("a_b", 2) },
		"types of values": func(b metricstest.Batch) {
			r := b.Resource()
			r.Gauge("a_b", 1, "x", "1")
			r.Gauge("a_b", 2).Attributes().PutInt("x", 1)
		},
		"scopes": func(b metricstest.Batch) {
			r := b.Resource("x", "1")
			r.Gauge("a_b", 1)
			r.Scope.Scope().SetName("one")
			b.Resource("x", "1").Gauge("a_b", 2)
		},
		"resources without that label": func(b metricstest.Batch) {
			b.Resource("x", "1", "z", "").Gauge("a_b", 1)
			b.Resource("x", "1").Gauge("a_b", 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore()
			for range 3 {
				consume(store, build)
				assert.Equal(t, []string{`a_b{x="1"} 2`}, lines(t, store, start))
				assert.Equal(t, 1, store.Stats().Series)
			}
		})
	}
}

func TestPrecedenceOfLabels(t *testing.T) {
	store := newStore(func(o *series.Options) {
		o.WithoutScope = false
		o.ConstLabels = map[string]string{"a": "const"}
	})
	consume(store, func(b metricstest.Batch) {
		r := b.Resource("a", "resource", "service.name", "svc", "c", "resource", "f", "")
		r.Scope.Scope().SetName("scope")
		r.Gauge("x", 1, "a", "point", "job", "point", "c", "point", "otel_scope_name", "point", "d", "point", "f", "point")
	})
	assert.Equal(t, []string{
		`x{d="point",otel_scope_name="scope",a="const",c="resource",job="svc",service_name="svc"} 1`,
	}, lines(t, store, start))
}

// As the specification asks, values of attributes with the same name are joined.
func TestAttributesWithTheSameNameAreJoined(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) { b.Resource().Gauge("x", 1, "a_b", "2", "a.b", "1", "a-b", "0") })
	assert.Equal(t, []string{`x{a_b="0;1;2"} 1`}, lines(t, store, start))
}

func TestReservedLabelsOfDistributions(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) {
		r := b.Resource()
		r.Histogram("h", nil, 1).Attributes().PutStr("le", "1")
		r.Summary("s", 1, 1).Attributes().PutStr("quantile", "1")
		r.Gauge("g", 1, "le", "1")
	})
	want := []string{`g{le="1"} 1`, `h_bucket{le="+Inf"} 1`, "h_sum 0.5", "h_count 1", "s_sum 1", "s_count 1"}
	assert.Equal(t, want, lines(t, store, start))
}

func TestInvalidNamesAreDropped(t *testing.T) {
	store := newStore()
	dropped := consume(store, func(b metricstest.Batch) {
		r := b.Resource()
		r.Gauge("", 1)
		r.Gauge("___", 1)
		r.Gauge("x", 1, "", "y")
		r.Gauge("x", 1, "__name__", "y")
		r.Gauge("x", 1, "\xff", "y")
		b.Resource("__x", "1").Gauge("x", 1)
	})
	assert.Equal(t, 6, dropped[series.InvalidName])
	empty(t, store)
}

func TestInvalidUTF8IsReplaced(t *testing.T) {
	store := newStore()
	consume(store, func(b metricstest.Batch) { b.Resource("r", "\xff").Gauge("x", 1, "y", "a\xffb") })
	assert.Equal(t, []string{"x{y=\"a\ufffdb\",r=\"\ufffd\"} 1"}, lines(t, store, start))
}

func TestLongLabelsAreDropped(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	store := newStore()
	dropped := consume(store, func(b metricstest.Batch) {
		b.Resource().Gauge("x", 1, "y", long)
		b.Resource("y", long).Gauge("x", 1)
	})
	assert.Equal(t, 1, dropped[series.LabelsTooLong])
	assert.Equal(t, 1, dropped[series.InvalidName])
	empty(t, store)
}

// Whatever the order of batches and points, every point finds its series.
func TestOrderDoesNotMatter(t *testing.T) {
	store := newStore()
	for round := range 20 {
		consume(store, func(b metricstest.Batch) {
			r := b.Resource("id", "a")
			for i := range 50 {
				n := (i*(2*round+1) + round*7) % 50
				if n%10 != round%10 {
					r.Gauge(fmt.Sprintf("m%02d", n), float64(round), "n", fmt.Sprint(n))
				}
			}
		})
	}
	got := lines(t, store, start)
	assert.Len(t, got, 50)
	for i, line := range got {
		round := 19
		if i%10 == 9 {
			round = 18
		}
		assert.Equal(t, fmt.Sprintf(`m%02d{n="%d",id="a"} %d`, i, i, round), line)
	}
}

func TestFirstHelpWins(t *testing.T) {
	store := newStore()
	for _, help := range []string{"first", "second"} {
		consume(store, func(b metricstest.Batch) {
			r := b.Resource("id", help)
			r.Gauge("x", 1)
			r.Scope.Metrics().At(0).SetDescription(help)
		})
	}
	families, _, _ := store.Families(nil)
	assert.Len(t, families, 1)
	assert.Equal(t, "first", families[0].Help)
	assert.Len(t, lines(t, store, start), 2)
}

func TestInvalidDistributionsAreDropped(t *testing.T) {
	dropped := consume(newStore(), func(b metricstest.Batch) {
		r := b.Resource()
		r.Exponential("scale", 1).SetScale(-5)
		r.Exponential("population", 1).SetCount(7)
		zero := 0.0
		r.Histogram("nan", []float64{zero / zero}, 1)
		r.Summary("nan2", 1, 1, zero/zero, 1)
		r.Scope.Metrics().AppendEmpty().SetName("empty")
	})
	assert.Equal(t, 4, dropped[series.InvalidHistogram])
}
