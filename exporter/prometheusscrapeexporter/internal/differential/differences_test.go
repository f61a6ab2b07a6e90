package differential

import (
	"maps"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
)

// differences are all intended differences from the stock exporter, in what Prometheus
// reads from the page. The generator avoids them.
var differences = map[string]struct {
	reason  string
	options map[string]any
	// batches are consumed one after the other.
	batches []func(metricstest.Batch)
	// want are lines of our page, by name and labels. Lines with an empty value are absent.
	want map[string]string
	// stockFails reports whether the parser of Prometheus rejects the stock page, or finds
	// the same series twice.
	stockFails bool
}{
	"point without value": {
		reason: "The stock exporter ignores all points of a metric that follow a point without value.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			points := b.Resource().Metric("x").SetEmptyGauge().DataPoints()
			points.AppendEmpty().SetFlags(metricstest.End())
			p := points.AppendEmpty()
			p.Attributes().PutStr("n", "1")
			p.SetIntValue(1)
		}},
		want: map[string]string{`{__name__="x", n="1"}`: "1"},
	},
	"attributes with one name": {
		reason:  "The stock exporter drops series with two attributes that have the same name after translation.",
		batches: gauge("x", "a.b", "1", "a_b", "2"),
		want:    map[string]string{`{__name__="x", a_b="1;2"}`: "1"},
	},
	"labels from several places": {
		reason:  "The stock exporter drops series with an attribute that has the name of a label of the resource.",
		options: map[string]any{"const_labels": map[string]any{"a": "const"}},
		batches: gauge("x", "a", "point"),
		want:    map[string]string{`{__name__="x", a="const"}`: "1"},
	},
	"quantile": {
		reason: "The stock exporter drops summaries with the attribute quantile.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			b.Resource().Summary("x", 1, 1).Attributes().PutStr("quantile", "a")
		}},
		want: map[string]string{`{__name__="x_count"}`: "1"},
	},
	"le": {
		reason: "The stock exporter writes the label le twice for histograms with the attribute le.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			b.Resource().Histogram("x", nil, 1).Attributes().PutStr("le", "a")
		}},
		want:       map[string]string{`{__name__="x_bucket", le="+Inf"}`: "1", `{__name__="x_count"}`: "1"},
		stockFails: true,
	},
	"empty labels": {
		reason: "The stock exporter writes labels without value, so that Prometheus reads the same series twice.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			r := b.Resource()
			r.Gauge("x", 1)
			r.Gauge("x", 2, "a", "")
		}},
		want:       map[string]string{`{__name__="x"}`: "2"},
		stockFails: true,
	},
	"type of most resources": {
		reason: "In the stock exporter, an arbitrary type of a name is served. Here it is the one that more resources have.",
		batches: []func(metricstest.Batch){gauge("x_total")[0], func(b metricstest.Batch) {
			for _, id := range []string{"a", "b"} {
				b.Resource("service.name", id).Counter("x", 2)
			}
		}},
		want: map[string]string{`{__name__="x_total", job="a"}`: "2", `{__name__="x_total", job="b"}`: "2", `{__name__="x_total"}`: ""},
	},
	"unit that changes": {
		reason: "In the stock exporter, a metric replaces one with the same name and another unit or monotonicity.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			r := b.Resource()
			r.Gauge("x", 1)
			r.Gauge("x", 2)
			r.Scope.Metrics().At(1).SetUnit("s")
		}},
		want: map[string]string{`{__name__="x"}`: "1", `{__name__="x_seconds"}`: "2"},
	},
	"unspecified temporality": {
		reason: "The stock exporter accepts the first point of a histogram without temporality, and no other.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			r := b.Resource()
			r.Gauge("y", 1)
			r.Histogram("x", nil, 1)
			r.Scope.Metrics().At(1).Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityUnspecified)
		}},
		want: map[string]string{`{__name__="x_count"}`: "", `{__name__="y"}`: "1"},
	},
	"invalid UTF-8": {
		reason:  "The stock exporter drops series with a label value that is not UTF-8.",
		batches: gauge("x", "a", "\xff"),
		want:    map[string]string{"{__name__=\"x\", a=\"\ufffd\"}": "1"},
	},
	"bound that is no number": {
		reason: "The stock exporter serves a bucket le=\"NaN\", which is no bucket.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			b.Resource().Histogram("x", []float64{math.NaN()}, 1)
		}},
		want: map[string]string{`{__name__="x_count"}`: ""},
	},
	"invalid exponential histogram": {
		reason: "In the stock exporter, a point that is dropped removes the series.",
		batches: []func(metricstest.Batch){
			func(b metricstest.Batch) { b.Resource().Exponential("x", 1) },
			func(b metricstest.Batch) { b.Resource().Exponential("x", 1).SetScale(-5) },
		},
		want: map[string]string{`{__name__="x_count"}`: "1"},
	},
	"scale that changes": {
		reason:  "The stock exporter miscounts delta exponential histograms whose scale changes.",
		batches: []func(metricstest.Batch){exponential(1, 0, 1), exponential(0, 1, 2)},
		want:    map[string]string{`{__name__="x_count"}`: "6"},
	},
	"mixed deltas": {
		reason: "The stock exporter loses the sum of integer deltas when a delta is not an integer.",
		batches: []func(metricstest.Batch){
			func(b metricstest.Batch) { b.Resource().Delta("x", 5, 1, 2) },
			func(b metricstest.Batch) { b.Resource().Delta("x", 0, 2, 3).SetDoubleValue(0.5) },
		},
		want: map[string]string{`{__name__="x_total"}`: "5.5"},
	},
	"names of samples": {
		reason: "In the stock exporter, it is random whether a histogram x or a gauge x_count is served.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			b.Resource().Histogram("x", nil, 1)
			b.Resource("service.name", "a").Gauge("x_count", 2)
			b.Resource("service.name", "b").Gauge("x_count", 2)
		}},
		want: map[string]string{`{__name__="x_count"}`: "", `{__name__="x_count", job="a"}`: "2"},
	},
	"no time": {
		reason:  "The stock exporter writes the time 0 for points without time.",
		options: map[string]any{"send_timestamps": true},
		batches: gauge("x"),
		want:    map[string]string{`{__name__="x"}`: "1"},
	},
	"colons in labels": {
		reason:     "The stock exporter serves a page that no client can read if labels with colons have to be escaped.",
		stockFails: true,
		options:    map[string]any{"translation_strategy": "NoTranslation"},
		batches:    gauge("x", "a:b", "1"),
		want:       map[string]string{`{__name__="x", a_b="1"}`: "1"},
	},
	"metrics with one name": {
		reason: "In the stock exporter, it is random which of two metrics is served that have the same name after translation.",
		batches: []func(metricstest.Batch){func(b metricstest.Batch) {
			r := b.Resource()
			for range 20 {
				r.Gauge("x", 1)
				r.Gauge("a.b", 1)
				r.Gauge("a_b", 2)
				r.Gauge("c.d", 1)
				r.Gauge("c_d", 2)
			}
		}},
		want: map[string]string{`{__name__="a_b"}`: "2", `{__name__="c_d"}`: "2"},
	},
}

func gauge(name string, attributes ...string) []func(metricstest.Batch) {
	return []func(metricstest.Batch){func(b metricstest.Batch) { b.Resource().Gauge(name, 1, attributes...) }}
}

func exponential(scale int32, start, end pcommon.Timestamp) func(metricstest.Batch) {
	return func(b metricstest.Batch) {
		r := b.Resource()
		p := r.Exponential("x", 1, 1, 1)
		p.SetScale(scale)
		p.Positive().SetOffset(-1)
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
		r.Scope.Metrics().At(0).ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	}
}

// random are the differences that the stock exporter shows only sometimes.
var random = map[string]bool{"type of most resources": true, "names of samples": true, "metrics with one name": true}

func TestDifferences(t *testing.T) {
	for name, difference := range differences {
		t.Run(name, func(t *testing.T) {
			options := map[string]any{"without_scope_info": true}
			maps.Copy(options, difference.options)
			exporters := newPair(t, options)
			for _, build := range difference.batches {
				batch := metricstest.New()
				build(batch)
				exporters.consume(t, batch.Metrics)
			}
			page, contentType := exporters.ours.scrape(t, acceptText)
			got := parse(t, page, contentType)
			for key, value := range difference.want {
				assert.Equal(t, value, got.lines[key], "%s\n%s", key, page)
			}
			if random[name] {
				return
			}
			stockPage, stockType := exporters.stock.page(t, acceptText)
			stock, err := read(stockPage, stockType)
			assert.Equal(t, difference.stockFails, err != nil, "%v\n%s", err, stockPage)
			assert.NotEqual(t, stock.lines, got.lines, "no longer different: %s", difference.reason)
		})
	}
}
