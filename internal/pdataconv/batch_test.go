package pdataconv

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestEachEndHasItsOwnMetric checks what the comment of [Batch.AppendEnd] explains.
func TestEachEndHasItsOwnMetric(t *testing.T) {
	b := newConverter(sandbox.OTel).NewBatch()
	b.AppendEnd(identity(), completeReading())
	metrics := b.Take()
	assert.Equal(t, metrics.MetricCount(), metrics.DataPointCount())
}

func TestReadingWithoutIdentity(t *testing.T) {
	b := newConverter(sandbox.Prometheus).NewBatch()
	r := &sandbox.Reading{Time: pulled}
	r.Add(newFamily(sandbox.Host, "", "runsc_meta_count", sandbox.Descriptor{}), sandbox.Int(2))
	b.Append(nil, r)
	resource := b.Take().ResourceMetrics().At(0)
	assert.Zero(t, resource.Resource().Attributes().Len())
	point := resource.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	assert.Zero(t, point.Attributes().Len())
}

func TestReadingWithoutPointsInNamingAddsNoResource(t *testing.T) {
	b := newConverter(sandbox.OTel).NewBatch()
	r := &sandbox.Reading{Time: pulled}
	r.Add(newFamily(sandbox.Host, "", "only_prometheus", sandbox.Descriptor{}), sandbox.Int(2))
	b.Append(identity(), r)
	assert.Zero(t, b.Take().ResourceMetrics().Len())
}

func TestStartTimeAfterTimestampIsOmitted(t *testing.T) {
	b := newConverter(sandbox.OTel).NewBatch()
	r := &sandbox.Reading{Time: started, Start: pulled}
	r.Add(newFamily(sandbox.Host, "a", "a", sandbox.Descriptor{Kind: sandbox.Counter}), sandbox.Int(2))
	b.Append(identity(), r)
	point := b.Take().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	assert.Zero(t, point.StartTimestamp())
	assert.Equal(t, pcommon.NewTimestampFromTime(started), point.Timestamp())
}

// TestMissingLabelsAreOmitted checks labels without a key in one naming, and keys
// whose label a point does not have.
func TestMissingLabelsAreOmitted(t *testing.T) {
	family := &sandbox.Family{
		OTel:       sandbox.Descriptor{Name: "a", LabelKeys: []string{"number", "name"}},
		Prometheus: sandbox.Descriptor{Name: "a", LabelKeys: []string{"number", ""}},
	}
	for naming, want := range map[sandbox.Naming][]map[string]any{
		sandbox.OTel:       {{"number": "0", "name": "zero"}, {"number": "1"}},
		sandbox.Prometheus: {{"number": "0"}, {"number": "1"}},
	} {
		b := newConverter(naming).NewBatch()
		r := &sandbox.Reading{Time: pulled}
		r.AddLabeled(family, sandbox.Int(1), "0", "zero")
		r.AddLabeled(family, sandbox.Int(1), "1")
		b.Append(nil, r)
		points := b.Take().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints()
		require.Equal(t, len(want), points.Len())
		for i := range want {
			assert.Equal(t, want[i], points.At(i).Attributes().AsRaw(), naming)
		}
	}
}

// TestInfoFamilies checks that points of info families are emitted only with readings
// that have Info set, and that their ends are always emitted.
func TestInfoFamilies(t *testing.T) {
	family := &sandbox.Family{
		OTel:       sandbox.Descriptor{Name: "gvisor.build", Info: true},
		Prometheus: sandbox.Descriptor{Name: "runsc_build"},
	}
	for _, test := range []struct {
		naming sandbox.Naming
		info   bool
		end    bool
		want   int
	}{
		{sandbox.OTel, false, false, 0},
		{sandbox.OTel, true, false, 1},
		{sandbox.OTel, false, true, 1},
		{sandbox.Prometheus, false, false, 1},
		{sandbox.Prometheus, true, false, 1},
	} {
		b := newConverter(test.naming).NewBatch()
		r := &sandbox.Reading{Time: pulled, Info: test.info}
		r.Add(family, sandbox.Int(1))
		if test.end {
			b.AppendEnd(identity(), r)
		} else {
			b.Append(identity(), r)
		}
		assert.Equal(t, test.want, b.Points(), "%+v", test)
	}
}

// TestEachPartHasItsOwnResource converts a reading about a sandbox and one of its
// containers.
func TestEachPartHasItsOwnResource(t *testing.T) {
	family := newFamily(sandbox.Host, "gvisor.opens", "runsc_opens", sandbox.Descriptor{Kind: sandbox.Counter})
	container := identity()
	container.Container = sandbox.Container{ID: "c1", Name: "app"}
	r := &sandbox.Reading{Time: pulled}
	r.Add(family, sandbox.Int(1))
	r.Resource(container)
	r.Add(family, sandbox.Int(2))
	b := newConverter(sandbox.OTel).NewBatch()
	b.Append(identity(), r)
	metrics := b.Take()
	require.Equal(t, 2, metrics.ResourceMetrics().Len())
	for i, want := range []int64{1, 2} {
		resource := metrics.ResourceMetrics().At(i)
		id, found := resource.Resource().Attributes().Get("container.id")
		assert.Equal(t, want == 2, found && id.Str() == "c1")
		assert.Equal(t, want, resource.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).IntValue())
	}
}
