package pdataconv

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// schemaURL is the version of the semantic conventions that the names of the
// naming "otel" follow.
const schemaURL = "https://opentelemetry.io/schemas/1.41.0"

// Settings of a [Converter].
type Settings struct {
	Naming     Naming
	Attributes metadata.ResourceAttributesConfig
	// Version is that of the collector, for the instrumentation scope.
	Version string
}

// Converter holds what all batches share.
type Converter struct {
	settings   Settings
	attributes []resourceAttribute
	filtering  []resourceAttribute
}

// New makes a converter.
func New(settings Settings) *Converter {
	c := &Converter{settings: settings}
	c.attributes, c.filtering = resourceAttributes(settings.Attributes)
	return c
}

// Batch is pdata under construction. It belongs to one goroutine.
type Batch struct {
	converter *Converter
	metrics   pmetric.Metrics
	points    int
	bounds    []float64 // scratch
}

// NewBatch makes an empty batch.
func (c *Converter) NewBatch() *Batch {
	return &Batch{converter: c, metrics: pmetric.NewMetrics()}
}

// Points is how many points the batch holds.
func (b *Batch) Points() int { return b.points }

// Take hands the pdata over and leaves the batch empty.
func (b *Batch) Take() pmetric.Metrics {
	metrics := b.metrics
	b.metrics, b.points = pmetric.NewMetrics(), 0
	return metrics
}

// Append adds a reading. Identity is nil for readings about no sandbox, which
// get an empty resource.
func (b *Batch) Append(id *sandbox.Identity, r *sandbox.Reading) {
	b.append(id, r, false)
}

// AppendEnd adds, for each point of the reading, a point that says that its
// series has no value any more (the flag NoRecordedValue).
//
// Each gets a metric of its own, because exporters are known to skip the
// points of a metric that follow such a point.
func (b *Batch) AppendEnd(id *sandbox.Identity, r *sandbox.Reading) {
	b.append(id, r, true)
}

// Scopes of one resource, by [sandbox.Origin].
const origins = int(sandbox.Receiver) + 1

// What most resources have: the runtime's scope and the receiver's, and in the
// latter this many metrics.
const (
	usualScopes = 2
	fewOfOurs   = 4
)

func (b *Batch) append(id *sandbox.Identity, r *sandbox.Reading, end bool) {
	var (
		naming   = b.converter.settings.Naming
		resource pmetric.ResourceMetrics
		scopes   [origins]pmetric.MetricSlice
		begun    bool
		last     [origins]*sandbox.Descriptor
		current  [origins]pmetric.Metric
		stamps   = stampsOf(r)
	)
	for i := range r.Points {
		point := &r.Points[i]
		form := naming.form(point.Family)
		if form.Name == "" || form.Constant && !r.Constants && !end {
			continue
		}
		if !begun {
			begun = true
			resource = b.metrics.ResourceMetrics().AppendEmpty()
			resource.ScopeMetrics().EnsureCapacity(usualScopes)
			if id != nil {
				b.converter.putResource(resource.Resource(), id)
			}
			if naming == OTel {
				resource.SetSchemaUrl(schemaURL)
			}
		}
		origin := point.Family.Origin
		if last[origin] == nil {
			scopes[origin] = b.converter.putScope(resource, id, origin)
			if origin == sandbox.Receiver {
				scopes[origin].EnsureCapacity(min(fewOfOurs, len(r.Points)-i))
			} else {
				scopes[origin].EnsureCapacity(len(r.Points) - i)
			}
		}
		if end || last[origin] == nil || !sameMetric(last[origin], form) {
			current[origin] = scopes[origin].AppendEmpty()
			putMetric(current[origin], form)
		}
		last[origin] = form
		b.putPoint(current[origin], form, id, point, stamps[origin], end)
		b.points++
	}
}

// sameMetric tells whether points of two forms belong in one metric.
func sameMetric(a, b *sandbox.Descriptor) bool {
	return a == b || a.Name == b.Name && a.Kind == b.Kind && a.Unit == b.Unit
}

// putScope adds the scope of an origin: the receiver's own, the runtime's, or,
// for what a guest says, the runtime's with the ending "/guest".
func (c *Converter) putScope(resource pmetric.ResourceMetrics, id *sandbox.Identity, origin sandbox.Origin) pmetric.MetricSlice {
	scope := resource.ScopeMetrics().AppendEmpty()
	name := metadata.ScopeName
	if id != nil && origin != sandbox.Receiver {
		name = scopeNames[scopeKey{id.Runtime, origin}]
	}
	scope.Scope().SetName(name)
	scope.Scope().SetVersion(c.settings.Version)
	return scope.Metrics()
}

type scopeKey struct {
	runtime string
	origin  sandbox.Origin
}

var scopeNames = func() map[scopeKey]string {
	names := map[scopeKey]string{}
	for _, runtime := range []string{sandbox.RuntimeGVisor, sandbox.RuntimeKata} {
		names[scopeKey{runtime, sandbox.Host}] = metadata.ScopeName + "/" + runtime
		names[scopeKey{runtime, sandbox.Guest}] = metadata.ScopeName + "/" + runtime + "/guest"
	}
	return names
}()

// stamps are the times that the points of one origin carry.
type stamps struct{ time, start pcommon.Timestamp }

func stampsOf(r *sandbox.Reading) (all [origins]stamps) {
	for origin := range all {
		all[origin].time = pcommon.NewTimestampFromTime(r.Time)
		start := r.Start
		if sandbox.Origin(origin) == sandbox.Receiver {
			start = r.Watched
		}
		// A start after the values were taken would be nonsense to every backend.
		// Wall clocks are compared, because these are what is sent.
		if !start.IsZero() && start.UnixNano() <= r.Time.UnixNano() {
			all[origin].start = pcommon.NewTimestampFromTime(start)
		}
	}
	return all
}
