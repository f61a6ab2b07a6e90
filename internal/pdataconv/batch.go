package pdataconv

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Batch is pdata under construction. It belongs to one goroutine.
type Batch struct {
	converter *Converter
	metrics   pmetric.Metrics
	points    int
	// scopes are the names of scopes, which are few.
	scopes map[scopeKey]string
	bounds []float64 // scratch
}

// Points returns the number of points in the batch.
func (b *Batch) Points() int { return b.points }

// Take returns the pdata and leaves the batch empty.
func (b *Batch) Take() pmetric.Metrics {
	metrics := b.metrics
	b.metrics, b.points = pmetric.NewMetrics(), 0
	return metrics
}

// Append adds a reading. Identity is nil for readings that are not about a single
// sandbox, which get an empty resource.
func (b *Batch) Append(id *sandbox.Identity, r *sandbox.Reading) {
	b.append(id, r, false)
}

// AppendEnd adds, for each point of the reading, a point with the flag
// NoRecordedValue, which ends its series.
//
// Each gets a separate metric, because exporters are known to skip the points
// of a metric that follow such a point.
func (b *Batch) AppendEnd(id *sandbox.Identity, r *sandbox.Reading) {
	b.append(id, r, true)
}

func (b *Batch) append(id *sandbox.Identity, r *sandbox.Reading, end bool) {
	at := timestampsOf(r)
	for part := range r.Parts {
		resource := part.Identity
		if resource == nil {
			resource = id
		}
		b.appendPart(resource, part.Points, &at, r.Info, end)
	}
}

// origins is the number of scopes of a resource, by [sandbox.Origin].
const origins = int(sandbox.Receiver) + 1

// Most resources have the scopes of the runtime and of the receiver, and in the
// latter this many metrics.
const (
	typicalScopes          = 2
	typicalReceiverMetrics = 4
)

// appendPart adds the points of one resource.
func (b *Batch) appendPart(id *sandbox.Identity, points []sandbox.Point, at *[origins]timestamps, info, end bool) {
	var (
		naming   = b.converter.settings.Naming
		resource pmetric.ResourceMetrics
		scopes   [origins]pmetric.MetricSlice
		begun    bool
		last     [origins]*sandbox.Descriptor
		current  [origins]pmetric.Metric
		e        = entry{end: end}
	)
	if id != nil && naming == sandbox.Prometheus {
		e.identity = id.UpstreamLabels
	}
	for i := range points {
		e.Point = &points[i]
		descriptor := naming.Of(e.Family)
		if descriptor.Name == "" || descriptor.Info && !info && !end {
			continue
		}
		if !begun {
			begun = true
			resource = b.newResource(id)
		}
		origin := e.Family.Origin
		if last[origin] == nil {
			scopes[origin] = b.putScope(resource, id, origin)
			capacity := len(points) - i
			if origin == sandbox.Receiver {
				capacity = min(capacity, typicalReceiverMetrics)
			}
			scopes[origin].EnsureCapacity(capacity)
		}
		if end || last[origin] == nil || !sameMetric(last[origin], descriptor) {
			current[origin] = scopes[origin].AppendEmpty()
			putMetric(current[origin], descriptor)
		}
		last[origin] = descriptor
		e.descriptor, e.at = descriptor, at[origin]
		b.putPoint(current[origin], &e)
		b.points++
	}
}

func (b *Batch) newResource(id *sandbox.Identity) pmetric.ResourceMetrics {
	resource := b.metrics.ResourceMetrics().AppendEmpty()
	resource.ScopeMetrics().EnsureCapacity(typicalScopes)
	if id != nil {
		b.converter.putResource(resource.Resource(), id)
	}
	if b.converter.settings.Naming == sandbox.OTel {
		resource.SetSchemaUrl(schemaURL)
	}
	return resource
}

// sameMetric reports whether points of two descriptors belong to one metric.
func sameMetric(a, b *sandbox.Descriptor) bool {
	return a == b || a.Name == b.Name && a.Kind == b.Kind && a.Unit == b.Unit
}

// scopeKey is what the name of a scope depends on.
type scopeKey struct {
	runtime string
	origin  sandbox.Origin
}

// putScope adds the scope of an origin: that of the receiver, that of the runtime
// (…/gvisor) or that of the runtime's guests (…/kata/guest).
func (b *Batch) putScope(resource pmetric.ResourceMetrics, id *sandbox.Identity, origin sandbox.Origin) pmetric.MetricSlice {
	scope := resource.ScopeMetrics().AppendEmpty()
	name := metadata.ScopeName
	if id != nil && origin != sandbox.Receiver {
		name = b.scopeName(scopeKey{id.Runtime, origin})
	}
	scope.Scope().SetName(name)
	scope.Scope().SetVersion(b.converter.settings.Version)
	return scope.Metrics()
}

func (b *Batch) scopeName(key scopeKey) string {
	name, known := b.scopes[key]
	if !known {
		name = metadata.ScopeName + "/" + key.runtime
		if key.origin == sandbox.Guest {
			name += "/guest"
		}
		b.scopes[key] = name
	}
	return name
}

// timestamps are those of the points of one origin.
type timestamps struct{ time, start pcommon.Timestamp }

func timestampsOf(r *sandbox.Reading) (all [origins]timestamps) {
	for origin := range all {
		all[origin].time = pcommon.NewTimestampFromTime(r.Time)
		start := r.Start
		if sandbox.Origin(origin) == sandbox.Receiver {
			start = r.Discovered
		}
		// A start after the values were taken would make no sense to a backend. Wall
		// clocks are compared, because these are what is sent.
		if !start.IsZero() && start.UnixNano() <= r.Time.UnixNano() {
			all[origin].start = pcommon.NewTimestampFromTime(start)
		}
	}
	return all
}
