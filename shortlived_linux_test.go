package sandboxreceiver

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// exitRecorder is a pipeline that also keeps what the receiver reports about all
// sandboxes, and counts the exits with figures.
type exitRecorder struct {
	*eventRecorder
	// totals are the last values of counters and counts of histograms about all
	// sandboxes, the sum of all their attributes.
	totals map[string]int64
	// measured is the number of records of exits with a CPU time.
	measured int
}

func (r *exitRecorder) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	r.mu.Lock()
	for _, resource := range logs.ResourceLogs().All() {
		for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
			// A simulated sandbox that has just started has used none.
			_, found := record.Attributes().Get("sandbox.exit.cpu.time")
			if record.EventName() == "sandbox.exited" && found {
				r.measured++
			}
		}
	}
	r.mu.Unlock()
	return r.eventRecorder.ConsumeLogs(ctx, logs)
}

func (r *exitRecorder) ConsumeMetrics(ctx context.Context, metrics pmetric.Metrics) error {
	r.mu.Lock()
	for _, resource := range metrics.ResourceMetrics().All() {
		if resource.Resource().Attributes().Len() > 0 {
			continue
		}
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				r.add(metric)
			}
		}
	}
	r.mu.Unlock()
	return r.eventRecorder.ConsumeMetrics(ctx, metrics)
}

// add adds the points of gVisor sandboxes.
func (r *exitRecorder) add(metric pmetric.Metric) {
	total := int64(0)
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		for _, point := range metric.Sum().DataPoints().All() {
			total += point.IntValue()
		}
	case pmetric.MetricTypeHistogram:
		for _, point := range metric.Histogram().DataPoints().All() {
			total += int64(point.Count()) //nolint:gosec // a few sandboxes
		}
	}
	// Kata has separate points, of which none is more than 0 here.
	r.totals[metric.Name()] = max(r.totals[metric.Name()], total)
}

// TestShortLivedSandboxes runs sandboxes that live for a fraction of the interval: each is
// counted and has a record of its exit with its CPU time.
func TestShortLivedSandboxes(t *testing.T) {
	const sandboxes, lifetime = 200, 2 * time.Second
	fleet := newFleet(t, simfleet.Options{CgroupRoot: filepath.Join(t.TempDir(), "cgroup")})
	config := createDefaultConfig().(*Config)
	config.CollectionInterval, config.InitialDelay = 15*time.Second, 0
	config.GVisor.Roots, config.Kata.StoragePaths = []string{fleet.RuntimeRoot()}, fleet.StoragePaths()
	config.Usage.CgroupRoot = fleet.CgroupRoot()
	next := &exitRecorder{eventRecorder: newEventRecorder(), totals: map[string]int64{}}
	logs, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), config, next)
	require.NoError(t, err)
	metrics, err := NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), config, next)
	require.NoError(t, err)
	for _, part := range []component.Component{logs, metrics} {
		require.NoError(t, part.Start(t.Context(), componenttest.NewNopHost()))
	}
	ended := make(chan error, sandboxes)
	for range sandboxes {
		s, err := fleet.AddGVisor(simgvisor.Options{})
		require.NoError(t, err)
		time.AfterFunc(lifetime, func() { ended <- s.Remove() })
		time.Sleep(lifetime / sandboxes)
	}
	for range sandboxes {
		require.NoError(t, <-ended)
	}
	next.await(t, "all exits are recorded", func() bool { return next.measured == sandboxes })
	next.await(t, "all sandboxes are counted", func() bool {
		return next.totals["sandbox.starts"] == sandboxes && next.totals["sandbox.exits"] == sandboxes
	})
	for _, part := range []component.Component{logs, metrics} {
		require.NoError(t, part.Shutdown(context.Background()))
	}
	assert.Equal(t, int64(sandboxes), next.totals["sandbox.lifetime"])
	assert.Equal(t, int64(sandboxes), next.totals["sandbox.startup.duration"])
	assert.Len(t, next.count, sandboxes, "each was pulled")
}
