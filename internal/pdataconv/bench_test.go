package pdataconv

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// appendDirectly adds the points of a typical reading with calls of pdata only, with
// the attributes that the naming puts on each point. It is the baseline for the cost of
// a conversion.
func appendDirectly(metrics pmetric.Metrics, r *sandbox.Reading, naming sandbox.Naming, id *sandbox.Identity) {
	resource := metrics.ResourceMetrics().AppendEmpty()
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Metrics().EnsureCapacity(len(r.Points))
	for i := range r.Points {
		descriptor := naming.Of(r.Points[i].Family)
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(descriptor.Name)
		var point pmetric.NumberDataPoint
		if descriptor.Kind == sandbox.Counter {
			point = metric.SetEmptySum().DataPoints().AppendEmpty()
		} else {
			point = metric.SetEmptyGauge().DataPoints().AppendEmpty()
		}
		point.SetIntValue(r.Points[i].Value.AsInt())
		if naming == sandbox.Prometheus {
			point.Attributes().EnsureCapacity(len(id.UpstreamLabels))
			for _, label := range id.UpstreamLabels {
				point.Attributes().PutStr(label.Key, label.Value)
			}
		}
	}
}

// TestPointsNeedNoAllocationsBeyondPdata compares the allocations of a conversion with
// those of pdata. Only the attributes and entities of the resource may add to them.
func TestPointsNeedNoAllocationsBeyondPdata(t *testing.T) {
	r, id := typicalReading(), identity()
	for _, naming := range sandbox.Namings {
		b := newConverter(naming).NewBatch()
		converted := testing.AllocsPerRun(100, func() {
			b.Append(id, r)
			b.Take()
		})
		direct := testing.AllocsPerRun(100, func() {
			metrics := pmetric.NewMetrics()
			appendDirectly(metrics, r, naming, id)
		})
		const resource = 45
		assert.LessOrEqual(t, converted, direct+resource, naming)
	}
}

func BenchmarkAppend(b *testing.B) {
	r, id := typicalReading(), identity()
	for _, naming := range sandbox.Namings {
		b.Run(string(naming), func(b *testing.B) {
			batch := newConverter(naming).NewBatch()
			b.ReportAllocs()
			for b.Loop() {
				batch.Append(id, r)
				if batch.Points() > 8000 {
					batch.Take()
				}
			}
			reportTimePerPoint(b, r)
		})
	}
	for _, naming := range sandbox.Namings {
		b.Run(string(naming)+" with pdata only", func(b *testing.B) {
			metrics := pmetric.NewMetrics()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				appendDirectly(metrics, r, naming, id)
				if i%130 == 0 {
					metrics = pmetric.NewMetrics()
				}
			}
			reportTimePerPoint(b, r)
		})
	}
}

func reportTimePerPoint(b *testing.B, r *sandbox.Reading) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(r.Points)), "ns/point")
}
