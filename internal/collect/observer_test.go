package collect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadatatest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// attributes returns those of the receiver's own telemetry.
func attributes(more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more, attribute.String("receiver", "sandbox/test"), attribute.String("runtime", "gvisor"))...)
}

func TestTelemetryHasTheReceiverAsAttribute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			r.Drop("forged", 4)
			return honest(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(testInterval / 3)
		ignore := metricdatatest.IgnoreTimestamp()
		metadatatest.AssertEqualReceiverSandboxPulls(t, h.self, []metricdata.DataPoint[int64]{
			{Value: 1, Attributes: attributes(attribute.String("outcome", "ok"))},
		}, ignore)
		metadatatest.AssertEqualReceiverSandboxDroppedPoints(t, h.self, []metricdata.DataPoint[int64]{
			{Value: 4, Attributes: attributes(attribute.String("reason", "forged"))},
		}, ignore)
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(1), ignore)
		stop()
	})
}

// sandboxCounts returns the numbers of sandboxes by state if only running ones
// exist.
func sandboxCounts(running int64) (counts []metricdata.DataPoint[int64]) {
	for _, state := range sandbox.States {
		point := metricdata.DataPoint[int64]{Attributes: attributes(attribute.String("sandbox.state", string(state)))}
		if state == sandbox.Running {
			point.Value = running
		}
		counts = append(counts, point)
	}
	return counts
}

func TestSandboxesAreZeroRatherThanAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		ignore := metricdatatest.IgnoreTimestamp()
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(0), ignore)
		stop := h.start(t)
		// Not at a slot or a report, so that nothing else happens at the same time.
		time.Sleep(2*testInterval + time.Second/2)
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(0), ignore)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(testInterval)
		synctest.Wait()
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(1), ignore)
		h.runtime.remove(s)
		time.Sleep(testInterval)
		synctest.Wait()
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(0), ignore)
		stop()
	})
}

func TestSkippedPathsAreCountedByReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		report := func(path, reason string) {
			h.runtime.actions <- func(o sandbox.Observer) { o.Skipped(path, reason) }
		}
		expect := func(foreign, busy int64) {
			t.Helper()
			synctest.Wait()
			metadatatest.AssertEqualReceiverSandboxSkippedPaths(t, h.self, []metricdata.DataPoint[int64]{
				{Value: foreign, Attributes: attributes(attribute.String("reason", "foreign"))},
				{Value: busy, Attributes: attributes(attribute.String("reason", "busy"))},
			}, metricdatatest.IgnoreTimestamp())
		}
		report("/run/runsc/a", "foreign")
		report("/run/runsc/b", "foreign")
		report("/run/runsc/c", "busy")
		expect(2, 1)
		report("/run/runsc/a", "busy")
		report("/run/runsc/a", "busy")
		expect(1, 2)
		report("/run/runsc/b", "")
		report("/run/runsc/b", "")
		report("/run/runsc/unknown", "")
		expect(0, 2)
		assert.Equal(t, 4, h.logs.FilterMessage("Path is skipped").Len())
		assert.Equal(t, 1, h.logs.FilterMessage("Path is no longer skipped").Len())
		h.runtime.actions <- func(o sandbox.Observer) { o.Scanned() }
		synctest.Wait()
		assert.Equal(t, 1, h.logs.FilterMessage("First scan is complete").Len())
		stop()
	})
}

func TestSkippedEntriesAreCountedByReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		report := func(path string, count int, want int64) {
			t.Helper()
			h.runtime.actions <- func(o sandbox.Observer) { o.SkippedEntries(path, "leftover", count) }
			synctest.Wait()
			metadatatest.AssertEqualReceiverSandboxSkippedPaths(t, h.self, []metricdata.DataPoint[int64]{
				{Value: want, Attributes: attributes(attribute.String("reason", "leftover"))},
			}, metricdatatest.IgnoreTimestamp())
		}
		report("/run/runsc", 20_000, 20_000)
		report("/run/other", 5, 20_005)
		report("/run/other", 5, 20_005)
		report("/run/runsc", 1, 6)
		report("/run/other", 0, 1)
		assert.Equal(t, 4, h.logs.FilterMessage("Number of skipped entries has changed").Len(), "entries must not be logged one by one")
		stop()
	})
}

// TestChangesOfASkippedPathAreLogged checks that the observer uses the limits of
// [sandbox.SkipLog], and that telemetry does not.
func TestChangesOfASkippedPathAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		o := newObserver(h.Collection, sandbox.RuntimeGVisor)
		for range 20 {
			o.Skipped("/run/runsc/a", "busy")
			o.Skipped("/run/runsc/a", "")
		}
		assert.Equal(t, 2, h.logs.FilterMessage("Path is skipped").Len())
		assert.Equal(t, 2, h.logs.FilterMessage("Path is no longer skipped").Len())
		for n := range 20 {
			o.SkippedEntries("/run/runsc", "leftover", n+1)
		}
		assert.Equal(t, 4, h.logs.FilterMessage("Number of skipped entries has changed").Len())
		assert.Empty(t, o.skipped)
		metadatatest.AssertEqualReceiverSandboxSkippedPaths(t, h.self, []metricdata.DataPoint[int64]{
			{Value: 0, Attributes: attributes(attribute.String("reason", "busy"))},
			{Value: 20, Attributes: attributes(attribute.String("reason", "leftover"))},
		}, metricdatatest.IgnoreTimestamp())
	})
}

func TestPodConflictsAreCountedAndLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		for _, id := range []string{"a", "b", "c"} {
			s := newFake(id)
			s.identity.PodConflict = id != "c"
			h.runtime.add(s)
		}
		synctest.Wait()
		metadatatest.AssertEqualReceiverSandboxPodConflicts(t, h.self, []metricdata.DataPoint[int64]{
			{Value: 2, Attributes: attributes()},
		}, metricdatatest.IgnoreTimestamp())
		var ids []any
		for _, entry := range h.logs.FilterLevelExact(zap.WarnLevel).All() {
			ids = append(ids, entry.ContextMap()["sandbox.id"])
		}
		assert.Equal(t, []any{"a", "b"}, ids)
		stop()
	})
}

func TestDiscoveryErrorsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		h.runtime.actions <- func(o sandbox.Observer) { o.DiscoveryError(errors.New("permission denied")) }
		h.runtime.actions <- func(o sandbox.Observer) { o.DiscoveryError(nil) }
		synctest.Wait()
		require.Len(t, h.errs, 2)
		require.EqualError(t, h.errs[0], "permission denied")
		require.NoError(t, h.errs[1])
		stop()
	})
}

func TestRuntimeMetricsCountSandboxesAndPulls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(10, func(i int, s *fakeSandbox) {
			if i < 3 {
				s.respond = failing(sandbox.Rejected, "counter decreased")
			}
			if i == 9 {
				s.setState(sandbox.Stopped)
			}
		})
		h.add(all)
		time.Sleep(testInterval / 2)
		h.runtime.remove(all[5])
		time.Sleep(testInterval)
		synctest.Wait()
		stop()
		var last sandbox.Stats
		for range len(h.runtime.stats) {
			last = <-h.runtime.stats
		}
		assert.EqualValues(t, 10, last.Seen)
		assert.EqualValues(t, 8, last.Running)
		assert.EqualValues(t, 3, last.Broken)
		assert.Equal(t, last.Durations.Count, uint64(last.Pulls))
		assert.Positive(t, last.Failures)
		assert.Less(t, last.Failures, last.Pulls)
		counts := h.sink.of("", "fake.count")
		require.NotEmpty(t, counts)
		assert.True(t, counts[0].hasStart)
	})
}
