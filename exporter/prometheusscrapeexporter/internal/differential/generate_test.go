package differential

import (
	"fmt"
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// generator builds batches from a sequence of bytes, so that a fuzzer can control them.
// It avoids what the exporters treat differently on purpose (see differences_test.go): for
// example, a metric name determines type, unit and temporality.
type generator struct {
	input []byte
	// scoped reports whether scopes have labels. Otherwise, the metric determines the scope.
	scoped bool
	clock  pcommon.Timestamp
	// ends are the times at which delta series end.
	ends map[string]pcommon.Timestamp
}

// pick returns a number below n.
func (g *generator) pick(n int) int {
	if len(g.input) == 0 {
		return 0
	}
	b := g.input[0]
	g.input = g.input[1:]
	return int(b) % n
}

func oneOf[T any](g *generator, values ...T) T { return values[g.pick(len(values))] }

const second = pcommon.Timestamp(1_000_000_000)

// batch builds the next batch.
func (g *generator) batch() pmetric.Metrics {
	g.clock += second
	metrics := pmetric.NewMetrics()
	for range g.pick(4) {
		rm := metrics.ResourceMetrics().AppendEmpty()
		resource := g.pick(len(resources))
		for key, value := range resources[resource] {
			g.value(rm.Resource().Attributes().PutEmpty(key), value)
		}
		for range g.pick(8) {
			g.metric(rm, resource)
		}
	}
	return metrics
}

// resources are determined by their job and instance, because the stock exporter chooses
// the target_info of others at random.
var resources = []map[string]string{
	{},
	{"service.name": "shop", "service.instance.id": "1", "host.name": "h\"1\\\n", "k.x": "resource"},
	{"service.namespace": "ns", "service.name": "shop", "service.instance.id": "2", "version": ""},
	{"service.name": "only-job", "host.name": "h2"},
	{"service.instance.id": "only-instance", "ünï.code": "ü"},
	{"service.name": "", "service.instance.id": "3"},
}

func (g *generator) value(value pcommon.Value, text string) {
	value.SetStr(text)
}

// metricNames are the names. The index determines type, unit and temporality.
var metricNames = []string{
	"gauge", "gauge.ratio", "used.bytes", "1st.gauge", "naïve", "cpu.time", "requests.total", "total.sum", "up_down", "delta.sum",
	"histogram", "delta.histogram", "exponential", "delta.exponential", "summary", "fraction",
}

var metricUnits = []string{"", "1", "By", "{thing}", "ms", "s", "1", "{request}", "By/s", "s", "s", "ms", "By", "", "s", "%"}

func (g *generator) metric(rm pmetric.ResourceMetrics, resource int) {
	n := g.pick(len(metricNames))
	sm := rm.ScopeMetrics().AppendEmpty()
	g.scope(sm, n)
	m := sm.Metrics().AppendEmpty()
	m.SetName(metricNames[n])
	m.SetUnit(metricUnits[n])
	m.SetDescription(fmt.Sprintf("Help \"%d\"\\\nend.", n/2*2))
	switch metricNames[n] {
	case "cpu.time", "requests.total", "total.sum", "up_down", "delta.sum":
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(metricNames[n] != "up_down")
		sum.SetAggregationTemporality(temporality(metricNames[n]))
		g.numbers(sum.DataPoints(), metricNames[n], resource)
	case "histogram", "delta.histogram":
		m.SetEmptyHistogram().SetAggregationTemporality(temporality(metricNames[n]))
		g.histograms(m.Histogram().DataPoints(), metricNames[n])
	case "exponential", "delta.exponential":
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(temporality(metricNames[n]))
		g.exponential(m.ExponentialHistogram().DataPoints(), metricNames[n])
	case "summary":
		g.summaries(m.SetEmptySummary().DataPoints())
	default:
		g.numbers(m.SetEmptyGauge().DataPoints(), "", resource)
	}
}

func temporality(name string) pmetric.AggregationTemporality {
	if isDelta(name) {
		return pmetric.AggregationTemporalityDelta
	}
	return pmetric.AggregationTemporalityCumulative
}

func isDelta(name string) bool { return len(name) > 6 && name[:6] == "delta." }

func (g *generator) scope(sm pmetric.ScopeMetrics, metric int) {
	n := metric % 3
	if g.scoped {
		n = g.pick(3)
	}
	if n == 0 {
		return
	}
	sm.Scope().SetName(fmt.Sprint("scope", n))
	if n == 2 {
		sm.Scope().SetVersion("1.0")
		sm.SetSchemaUrl("https://example.com/1.0")
		sm.Scope().Attributes().PutStr("origin.x", "host")
		sm.Scope().Attributes().PutStr("name", "reserved")
	}
}

// attributes adds attributes whose names stay different after translation.
func (g *generator) attributes(attributes pcommon.Map) {
	for range g.pick(4) {
		key := oneOf(g, "k", "k.x", "K", "label-y", "ünï", "_u", "1st", "a b")
		value := attributes.PutEmpty(key)
		switch g.pick(8) {
		case 0:
			value.SetInt(int64(g.pick(3)))
		case 1:
			value.SetDouble(oneOf(g, 0.5, 1e21, math.Inf(1)))
		case 2:
			value.SetBool(g.pick(2) == 1)
		case 3:
			value.SetEmptySlice().AppendEmpty().SetStr("a\"b")
		case 4:
			value.SetEmptyMap().PutInt("n", 1)
		case 5:
			value.SetEmptyBytes().FromRaw([]byte{0, 255})
		default:
			value.SetStr(oneOf(g, "a", "b", "quo\"te", "back\\slash", "new\nline", "日本", "{a=\"b\"} 1"))
		}
	}
}

// times returns the start and the time of a point. Some points are late, and delta
// points begin where the series ended, or after it.
func (g *generator) times(name string) (start, end pcommon.Timestamp) {
	if !isDelta(name) {
		return oneOf(g, 0, second, g.clock-second), g.clock - pcommon.Timestamp(g.pick(3))*second/2
	}
	if g.ends == nil {
		g.ends = make(map[string]pcommon.Timestamp)
	}
	start = g.ends[name]
	if start == 0 || g.pick(4) == 0 {
		start = g.clock - second/2
	}
	g.ends[name] = g.clock
	return start, g.clock
}

// end reports whether a point has no value. Only the last point of a metric may.
func (g *generator) end(last bool) pmetric.DataPointFlags {
	return pmetric.DefaultDataPointFlags.WithNoRecordedValue(last && g.pick(6) == 0)
}

func (g *generator) numbers(points pmetric.NumberDataPointSlice, name string, resource int) {
	count := g.pick(4)
	for i := range count {
		p := points.AppendEmpty()
		g.attributes(p.Attributes())
		start, end := g.times(name)
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
		if isDelta(name) || g.pick(2) == 0 {
			p.SetIntValue(oneOf[int64](g, 0, 1, 1234567, 1<<53+1, math.MaxInt64, int64(resource)))
		} else {
			p.SetDoubleValue(oneOf(g, 0, 0.1, -1.5, 1e6, 123456789.125, 1e300, 5e-324, math.Copysign(0, -1), math.NaN(), math.Inf(-1)))
		}
		p.SetFlags(g.end(i == count-1))
	}
}

func (g *generator) histograms(points pmetric.HistogramDataPointSlice, name string) {
	count := g.pick(4)
	for i := range count {
		p := points.AppendEmpty()
		g.attributes(p.Attributes())
		start, end := g.times(name)
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
		bounds := oneOf(g, nil, []float64{1}, []float64{0.5, 1, 1e6}, []float64{-1, 0, 2.5}, []float64{1, math.Inf(1)})
		p.ExplicitBounds().FromRaw(bounds)
		total := uint64(0)
		for range len(bounds) + 1 {
			n := uint64(g.pick(5))
			total += n
			p.BucketCounts().Append(n)
		}
		p.SetCount(total)
		if g.pick(5) > 0 {
			p.SetSum(oneOf(g, 0, 1.5, 1e9))
		}
		p.SetFlags(g.end(i == count-1))
	}
}

func (g *generator) exponential(points pmetric.ExponentialHistogramDataPointSlice, name string) {
	count := g.pick(4)
	for i := range count {
		p := points.AppendEmpty()
		g.attributes(p.Attributes())
		start, end := g.times(name)
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
		if !isDelta(name) {
			p.SetScale(int32(g.pick(12)) - 4)
		}
		total := uint64(g.pick(3))
		p.SetZeroCount(total)
		for _, buckets := range []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()} {
			buckets.SetOffset(int32(g.pick(5)) - 2)
			for range g.pick(4) {
				n := uint64(g.pick(4))
				total += n
				buckets.BucketCounts().Append(n)
			}
		}
		p.SetCount(total)
		p.SetSum(oneOf(g, 0, 2.5, 1e9))
		p.SetFlags(g.end(i == count-1))
	}
}

func (g *generator) summaries(points pmetric.SummaryDataPointSlice) {
	count := g.pick(4)
	for i := range count {
		p := points.AppendEmpty()
		g.attributes(p.Attributes())
		start, end := g.times("")
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
		p.SetCount(uint64(g.pick(100)))
		p.SetSum(oneOf(g, 0, 1.5, math.NaN()))
		for _, quantile := range slices.Repeat([]float64{0.99, 0, 0.5, 1}, 1+g.pick(2))[:g.pick(4)] {
			q := p.QuantileValues().AppendEmpty()
			q.SetQuantile(quantile)
			q.SetValue(oneOf(g, 1, 0.25, math.NaN()))
		}
		p.SetFlags(g.end(i == count-1))
	}
}
