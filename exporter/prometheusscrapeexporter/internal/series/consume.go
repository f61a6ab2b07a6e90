package series

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

// lookAhead is how many series of a resource are compared with a point before it is
// looked up.
const lookAhead = 8

// consumer stores the points of one batch.
type consumer struct {
	store    *Store
	now      int64
	resource *Resource
	scope    pmetric.ScopeMetrics
	// scopeHash is zero if scopes have no labels.
	scopeHash uint64
	key       sourceKey
	help      string
	// batch identifies the batch.
	batch  uint64
	result Result
}

func (c *consumer) drop(reason Reason, points int, err error) {
	if points == 0 {
		return
	}
	if c.result.Dropped[reason] == 0 {
		c.result.First = append(c.result.First, Drop{Reason: reason, Metric: c.key.name, Err: err})
	}
	c.result.Dropped[reason] += points
}

func (c *consumer) resourceMetrics(rm pmetric.ResourceMetrics) {
	s := c.store
	r, err := s.resource(rm.Resource().Attributes())
	if err != nil {
		c.dropAll(rm, err)
		return
	}
	s.active, c.resource = r, r
	r.updated = c.now
	scopes := rm.ScopeMetrics()
	for i := range scopes.Len() {
		c.scopeMetrics(scopes.At(i))
	}
	s.active, c.resource = nil, nil
	s.releaseResource(r)
	s.settle()
}

// dropAll drops the points of a resource whose labels are invalid.
func (c *consumer) dropAll(rm pmetric.ResourceMetrics, err error) {
	scopes := rm.ScopeMetrics()
	for i := range scopes.Len() {
		metrics := scopes.At(i).Metrics()
		for j := range metrics.Len() {
			c.key.name = metrics.At(j).Name()
			c.drop(InvalidName, pointCount(metrics.At(j)), err)
		}
	}
}

func pointCount(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	case pmetric.MetricTypeEmpty:
	}
	return 0
}

func (c *consumer) scopeMetrics(sm pmetric.ScopeMetrics) {
	c.scope = sm
	if !c.store.options.WithoutScope {
		h := c.store.hash
		scope := sm.Scope()
		c.scopeHash = mix(mix(h.string(scope.Name()), h.string(scope.Version())),
			mix(h.string(sm.SchemaUrl()), h.attributes(scope.Attributes())))
	}
	metrics := sm.Metrics()
	for i := range metrics.Len() {
		c.metric(metrics.At(i))
	}
}

func (c *consumer) metric(m pmetric.Metric) {
	c.key.name, c.key.unit, c.help = m.Name(), m.Unit(), m.Description()
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		c.key.kind = names.Gauge
		c.numbers(m.Gauge().DataPoints(), false)
	case pmetric.MetricTypeSum:
		c.sum(m.Sum())
	case pmetric.MetricTypeHistogram:
		c.key.kind = names.Histogram
		c.histograms(m.Histogram())
	case pmetric.MetricTypeExponentialHistogram:
		c.key.kind = names.ExponentialHistogram
		c.exponentialHistograms(m.ExponentialHistogram())
	case pmetric.MetricTypeSummary:
		c.key.kind = names.Summary
		c.summaries(m.Summary().DataPoints())
	case pmetric.MetricTypeEmpty:
	}
}

// point is a reference to a point of any type, for the lookup.
type point struct {
	attributes pcommon.Map
	timestamp  pcommon.Timestamp
	noValue    bool
	// anyTime reports whether the caller compares the times.
	anyTime bool
	lines   int
}

// find returns the series of a point, and whether it is new. It returns nil if the point
// is dropped or ends the series.
func (c *consumer) find(p point) (series *Series, isNew bool) {
	hash := c.store.hash.attributes(p.attributes) + c.scopeHash
	series = c.next(hash)
	if series == nil {
		series, isNew = c.lookUp(hash, p)
		if series == nil {
			return nil, false
		}
	}
	if p.noValue {
		c.store.remove(series)
		return nil, false
	}
	if !isNew && !p.anyTime && p.timestamp < series.Timestamp {
		c.drop(OldTimestamp, 1, nil)
		return nil, false
	}
	series.source.family.count(c.batch)
	series.updated = c.now
	return series, isNew
}

// next returns the series that is expected next, or one that follows soon.
func (c *consumer) next(hash uint64) *Series {
	series := c.resource.cursor
	if series == nil {
		return nil
	}
	for range lookAhead {
		if series.points == hash && series.source.key == c.key {
			c.resource.cursor = series.next
			return series
		}
		series = series.next
	}
	return nil
}

// lookUp finds a series by all its labels, or creates it.
func (c *consumer) lookUp(hash uint64, p point) (series *Series, isNew bool) {
	s := c.store
	name, err := c.familyName()
	if err != nil {
		c.drop(InvalidName, 1, err)
		return nil, false
	}
	labels, err := c.pointLabels(p.attributes)
	if err != nil {
		c.drop(InvalidName, 1, err)
		return nil, false
	}
	sum := s.hash.sum(labels)
	kind := kindOf(c.key.kind)
	family := s.families[familyKey{name: name, kind: kind}]
	if family != nil {
		if series, ok := s.index[mix(family.id, sum+c.resource.sum)]; ok {
			if series.Resource == c.resource {
				series.points = hash
				c.resource.cursor = series.next
			}
			return series, false
		}
	}
	if p.noValue {
		return nil, false
	}
	if !s.admit(c.resource, p.lines) {
		c.drop(MaxSeries, 1, nil)
		return nil, false
	}
	set, err := s.labelSet(labels, sum)
	if err != nil {
		c.drop(LabelsTooLong, 1, err)
		return nil, false
	}
	// Not before: admit may have removed the last series of the source.
	src, ok := s.sources[c.key]
	if !ok {
		src = s.newSource(c.key, name, c.help)
	}
	return c.create(src, set, hash, p), true
}

// create adds a series. The caller sets its value.
func (c *consumer) create(src *source, set *LabelSet, hash uint64, p point) *Series {
	s := c.store
	src.refs++
	family := src.family
	series := &Series{
		Set: set, Resource: c.resource, source: src, points: hash,
		identity: mix(family.id, set.sum+c.resource.sum), updated: c.now, lines: int32(p.lines),
	}
	s.index[series.identity] = series
	family.add(series)
	s.unsettled = s.unsettled || s.contested[family]
	c.resource.insert(series)
	s.lines += p.lines
	return series
}

// familyName returns the name of the family of the current metric.
func (c *consumer) familyName() (string, error) {
	if src, ok := c.store.sources[c.key]; ok {
		return src.family.Name, nil
	}
	return c.store.names.Metric(c.key.name, c.key.unit, c.key.kind)
}

func (s *Store) newSource(key sourceKey, name, help string) *source {
	src := &source{key: key, family: s.family(name, kindOf(key.kind), key.unit, help)}
	s.sources[key] = src
	return src
}
