package metricstest

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// pointsPerSandbox is the number of points of a sandbox.
const pointsPerSandbox = 70

// Sandboxes returns a batch as the sandbox receiver makes it: resources with the same
// metrics in three scopes. With labels, the identity is in the attributes of the points
// too, as in its naming prometheus.
func Sandboxes(first, count int, cycle int64, labels bool) pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	metrics.ResourceMetrics().EnsureCapacity(count)
	for i := range count {
		sandbox(metrics.ResourceMetrics().AppendEmpty(), first+i, cycle, labels)
	}
	return metrics
}

func sandbox(rm pmetric.ResourceMetrics, n int, cycle int64, labels bool) {
	id := fmt.Sprintf("%064x", n)
	put(rm.Resource().Attributes(), []string{
		"sandbox.id", id, "sandbox.runtime", "gvisor", "sandbox.iteration", "2lehcfdn04011", "sandbox.trust", "registered",
		"container.id", id, "container.runtime.name", "runsc", "container.image.name", "registry.example.com/app",
		"k8s.pod.name", fmt.Sprintf("app-%06d", n), "k8s.pod.uid", fmt.Sprintf("00000000-0000-0000-0000-%012d", n),
		"k8s.namespace.name", "production", "host.name", "node-1",
	})
	timestamp := pcommon.Timestamp(1_700_000_000_000_000_000 + cycle*10_000_000_000)
	for scope, name := range []string{"host", "gvisor", "receiver"} {
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName("github.com/sandbox-telemetry/sandboxreceiver/" + name)
		for i := scope; i < pointsPerSandbox; i += 3 {
			m := sm.Metrics().AppendEmpty()
			m.SetName(metricNames[i])
			m.SetDescription("Number of operations.")
			var p pmetric.NumberDataPoint
			if i%4 == 0 {
				p = m.SetEmptyGauge().DataPoints().AppendEmpty()
			} else {
				m.SetEmptySum().SetIsMonotonic(true)
				m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
				p = m.Sum().DataPoints().AppendEmpty()
			}
			p.SetTimestamp(timestamp)
			p.SetIntValue(cycle*1000 + int64(i*n))
			if labels {
				put(p.Attributes(), []string{
					"sandbox", id, "iteration", "2lehcfdn04011", "pod_name", fmt.Sprintf("app-%06d", n), "namespace_name", "production",
				})
			}
		}
	}
}

var metricNames = func() (names [pointsPerSandbox]string) {
	for i := range names {
		names[i] = fmt.Sprintf("gvisor.subsystem%d.operations%d", i%9, i)
	}
	return names
}()

// Ended returns a copy of a batch in which no point has a value.
func Ended(batch pmetric.Metrics) pmetric.Metrics {
	ended := pmetric.NewMetrics()
	batch.CopyTo(ended)
	for _, rm := range ended.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				end(m)
			}
		}
	}
	return ended
}

func end(m pmetric.Metric) {
	points := m.Gauge().DataPoints
	if m.Type() == pmetric.MetricTypeSum {
		points = m.Sum().DataPoints
	}
	for _, p := range points().All() {
		p.SetFlags(End())
	}
}
