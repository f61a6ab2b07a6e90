package main

import (
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// usageMetrics are the metrics of usage that every honest sandbox with a cgroup has:
// one that is read on the host, and one that the sandbox reports. Both are counters.
var usageMetrics = [...]string{"sandbox.cpu.time", "sandbox.workload.cpu.time"}

// usageRecord is the usage that a steady sandbox has delivered.
type usageRecord struct {
	// totals are the last values of usageMetrics, and delivered the numbers of
	// deliveries.
	totals    [len(usageMetrics)]float64
	delivered [len(usageMetrics)]int
	// decreases counts values that are lower than the one before.
	decreases int
}

// recordUsage records the usage of steady sandboxes.
func recordUsage(records map[string]*usageRecord, data pmetric.Metrics) {
	for _, resource := range data.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		if !found || records[id.Str()] == nil {
			continue
		}
		record := records[id.Str()]
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				record.add(metric)
			}
		}
	}
}

// add adds a metric if it is one of usageMetrics.
func (r *usageRecord) add(metric pmetric.Metric) {
	for i, name := range usageMetrics {
		if metric.Name() != name || metric.Type() != pmetric.MetricTypeSum {
			continue
		}
		total, ended := 0.0, false
		for _, point := range metric.Sum().DataPoints().All() {
			total += point.DoubleValue()
			ended = ended || point.Flags().NoRecordedValue()
		}
		if ended {
			continue
		}
		if total < r.totals[i] {
			r.decreases++
		}
		r.totals[i] = total
		r.delivered[i]++
	}
}

// checkUsage returns an error if a steady sandbox has not delivered its usage since the
// start, or if a counter decreased.
func (p *pipeline) checkUsage(stdout io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var delivered, missing [len(usageMetrics)]int
	decreases := 0
	for _, record := range p.usage {
		decreases += record.decreases
		for i, n := range record.delivered {
			delivered[i] += n
			if n == 0 {
				missing[i]++
			}
		}
	}
	_, _ = fmt.Fprintf(stdout, "usage: %d steady sandboxes delivered host usage %d times and workload usage %d times\n",
		len(p.usage), delivered[0], delivered[1])
	for i, n := range missing {
		if n > 0 {
			return fmt.Errorf("%d of %d steady sandboxes never delivered %s", n, len(p.usage), usageMetrics[i])
		}
	}
	if decreases > 0 {
		return fmt.Errorf("counters of usage decreased %d times", decreases)
	}
	return nil
}
