package main

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestSoakFlags(t *testing.T) {
	o, err := parseSoakFlags([]string{"-duration=30s", "-interval=2s"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 30*time.Second, o.duration)
	for _, args := range [][]string{{"-duration=19s", "-interval=2s"}, {"-interval=0s"}, {"argument"}, {"-unknown"}} {
		_, err := parseSoakFlags(args, io.Discard)
		assert.Error(t, err, args)
	}
}

func TestSoakHasEveryHostileMode(t *testing.T) {
	o, err := parseSoakFlags(nil, io.Discard)
	require.NoError(t, err)
	s := o.simulation()
	for _, info := range simfleet.Modes() {
		assert.Positive(t, s.Options.Hostile[info.Mode], info.Mode)
	}
	assert.Equal(t, 20, s.Options.Hostile[simgvisor.Stall])
	assert.Positive(t, s.Options.KataRustQEMU)
}

func TestLongestGap(t *testing.T) {
	began := time.Unix(1000, 0)
	at := func(seconds ...int) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, began.Add(time.Duration(s)*time.Second))
		}
		return times
	}
	for name, c := range map[string]struct {
		times []time.Time
		want  time.Duration
	}{
		"never":     {nil, 10 * time.Second},
		"regular":   {at(1, 3, 5, 7, 9), 2 * time.Second},
		"beginning": {at(5, 6, 7, 8, 9), 5 * time.Second},
		"middle":    {at(1, 2, 8, 9), 6 * time.Second},
		"end":       {at(1, 2, 3), 7 * time.Second},
	} {
		assert.Equal(t, c.want, longestGap(began, c.times, at(10)[0]), name)
	}
}

// dataOf returns a batch like those of the receiver.
func dataOf(metrics int, ids ...string) pmetric.Metrics {
	data := pmetric.NewMetrics()
	for _, id := range ids {
		resource := data.ResourceMetrics().AppendEmpty()
		resource.Resource().Attributes().PutStr("sandbox.id", id)
		scope := resource.ScopeMetrics().AppendEmpty()
		for range metrics {
			scope.Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
		}
	}
	data.ResourceMetrics().AppendEmpty() // resource of the receiver itself
	return data
}

func TestDeliveredByIgnoresMetricsAddedByReceiver(t *testing.T) {
	assert.Equal(t, []string{"a", "b"}, deliveredBy(dataOf(minMetrics, "a", "b")))
	assert.Empty(t, deliveredBy(dataOf(minMetrics-1, "a")))
}

func TestPipelineDetectsMissedIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline([]string{"a", "b"})
		var output bytes.Buffer
		assert.Equal(t, 2, p.missing())
		p.begin()
		for second := range 10 {
			ids := []string{"a", "b", "other"}
			if second == 5 || second == 6 {
				ids = []string{"a"}
			}
			require.NoError(t, p.ConsumeMetrics(t.Context(), dataOf(minMetrics, ids...)))
			time.Sleep(time.Second)
		}
		assert.Zero(t, p.missing())
		require.NoError(t, p.check("accepting", 2*time.Second, &output))
		require.ErrorContains(t, p.check("accepting", time.Second, &output), "1 of 2 steady sandboxes missed an interval")
		p.begin()
		assert.Equal(t, 2, p.missing())
	})
}

func TestPipelineRefusesAndBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline([]string{"a"})
		p.behave(refuses)
		require.ErrorIs(t, p.ConsumeMetrics(t.Context(), dataOf(minMetrics, "a")), errRefused)
		assert.Zero(t, p.missing(), "refused data counts as delivered")

		p.behave(blocks)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.ConsumeMetrics(ctx, dataOf(minMetrics, "a")), context.DeadlineExceeded)
		done := make(chan error, 1)
		go func() { done <- p.ConsumeMetrics(t.Context(), dataOf(minMetrics, "a")) }()
		synctest.Wait()
		assert.Empty(t, done)
		p.behave(accepts)
		assert.NoError(t, <-done)
	})
}

func TestCompareDetectsGrowth(t *testing.T) {
	first := usage{goroutines: 100, descriptors: 300, heap: 20 << 20}
	require.NoError(t, compare("last phase", first, first, maxFluctuation, io.Discard))
	for _, grown := range []usage{
		{goroutines: 700, descriptors: 300, heap: 20 << 20},
		{goroutines: 100, descriptors: 900, heap: 20 << 20},
		{goroutines: 100, descriptors: 300, heap: 80 << 20},
	} {
		assert.Error(t, compare("last phase", first, grown, maxInFlight, io.Discard))
	}
}

func TestSinkWaitsForAllSandboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		go func() {
			for _, id := range []string{"a", "a", "b"} {
				time.Sleep(time.Second)
				_ = s.ConsumeMetrics(t.Context(), dataOf(minMetrics, id))
			}
		}()
		began := time.Now()
		last, complete := s.awaitSandboxes(2, time.Minute)
		assert.True(t, complete)
		assert.Equal(t, 3*time.Second, last.Sub(began))
		_, complete = s.awaitSandboxes(3, time.Minute)
		assert.False(t, complete)
		assert.Equal(t, 2, s.sandboxes())
		s.use(discardAll)
		require.NoError(t, s.ConsumeMetrics(t.Context(), dataOf(20, "a", "c")))
		assert.Equal(t, 2, s.sandboxes())
	})
}

func TestSinkKeepsASample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		assert.False(t, s.keepSample(time.Second))
		go func() {
			time.Sleep(time.Millisecond)
			for range 3 {
				_ = s.ConsumeMetrics(t.Context(), dataOf(20, "a"))
			}
		}()
		require.True(t, s.keepSample(time.Second))
		assert.Equal(t, 20, s.sample.DataPointCount())
		assert.Greater(t, copyAllocations(s.sample), 3.0)
		assert.Less(t, copyAllocations(s.sample), 8.0)
	})
}

func TestPipelineChecksUsage(t *testing.T) {
	p := newPipeline([]string{"a"})
	deliver := func(name string, value float64) {
		data := dataOf(1, "a", "b")
		metric := data.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
		metric.SetName(name)
		metric.SetEmptySum().DataPoints().AppendEmpty().SetDoubleValue(value)
		require.NoError(t, p.ConsumeMetrics(t.Context(), data))
	}
	deliver("sandbox.cpu.time", 2)
	require.ErrorContains(t, p.checkUsage(io.Discard), "1 of 1 steady sandboxes never delivered sandbox.workload.cpu.time")
	deliver("sandbox.workload.cpu.time", 1)
	deliver("sandbox.cpu.time", 2)
	require.NoError(t, p.checkUsage(io.Discard))
	deliver("sandbox.cpu.time", 1)
	require.ErrorContains(t, p.checkUsage(io.Discard), "decreased 1 times")
}
