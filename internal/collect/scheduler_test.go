package collect

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestSandboxesArePulledImmediatelyAndThenAtTheirPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(100, nil)
		began := time.Now()
		h.add(all)
		time.Sleep(5*testInterval + testInterval/2 + time.Second/8)
		stop()
		for _, s := range all {
			pulls := s.pulled()
			require.GreaterOrEqual(t, len(pulls), 5)
			assert.Less(t, pulls[0].Sub(began), time.Second, "first pull")
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for i, pull := range pulls[1:] {
				assert.Equal(t, pull, nextSlot(pull, phase, testInterval), "out of phase")
				if i > 0 {
					assert.Equal(t, testInterval, pull.Sub(pulls[i]))
				}
			}
			assert.GreaterOrEqual(t, pulls[1].Sub(pulls[0]), testInterval/2, "second pull too soon")
			assert.Len(t, h.sink.of(s.identity.ID, "fake.opens"), len(pulls))
			assert.Zero(t, s.overlaps.Load())
			assert.EqualValues(t, 1, s.closed.Load())
		}
	})
}

func TestInitialDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.settings.InitialDelay = 3 * time.Second })
		s := newFake("a")
		began := time.Now()
		stop := h.start(t)
		h.runtime.add(s)
		time.Sleep(4 * time.Second)
		stop()
		require.Len(t, s.pulled(), 1)
		assert.Equal(t, 3*time.Second, s.pulled()[0].Sub(began))
	})
}

func TestStallingSandboxesDoNotDelayOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 60, 55 })
		stop := h.start(t)
		all := fleet(200, func(i int, s *fakeSandbox) {
			if i%4 == 0 {
				s.respond = stalling
			}
		})
		h.add(all)
		const intervals = 5
		time.Sleep(intervals*testInterval + testInterval/2 + time.Second/8)
		stop()
		for i, s := range all {
			points := h.sink.of(s.identity.ID, "fake.opens")
			if i%4 == 0 {
				assert.Empty(t, points)
				continue
			}
			require.GreaterOrEqual(t, len(points), intervals)
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for _, p := range points[1:] {
				late := p.time.Sub(nextSlot(p.time.Add(-time.Second), phase, testInterval))
				assert.Less(t, late.Abs(), time.Second)
			}
		}
	})
}

func TestUnprovenSandboxesLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 4, 2 })
		stop := h.start(t)
		good := newFake("good")
		h.runtime.add(good)
		time.Sleep(time.Second)
		h.add(fleet(20, func(_ int, s *fakeSandbox) { s.respond = stalling }))
		// 20 stalling sandboxes, two at a time, take 50 s.
		time.Sleep(4 * testInterval)
		synctest.Wait()
		stop()
		assert.GreaterOrEqual(t, len(good.pulled()), 4)
	})
}

func TestPullsAreSkippedWhileSinkBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 10, 8 })
		h.sink.block = make(chan struct{})
		stop := h.start(t)
		all := fleet(100, nil)
		h.add(all)
		time.Sleep(10 * testInterval)
		synctest.Wait()
		total := 0
		for _, s := range all {
			total += len(s.pulled())
		}
		assert.LessOrEqual(t, total, 10, "no more than ten pulls may wait for the sink")
		close(h.sink.block)
		// Half a slot more, so that no pull is due at the moment of counting.
		time.Sleep(3*testInterval + time.Second)
		skipped, err := h.self.GetMetric("otelcol_receiver_sandbox_skipped_pulls")
		require.NoError(t, err)
		count := int64(0)
		for _, p := range skipped.Data.(metricdata.Sum[int64]).DataPoints {
			count += p.Value
		}
		assert.Greater(t, count, int64(500))
		before := len(all[0].pulled())
		time.Sleep(3 * testInterval)
		synctest.Wait()
		assert.Len(t, all[0].pulled(), before+3, "must be on schedule again")
		stop()
	})
}

func TestLostPointsArePulledAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.sink.lose.Store(true)
		stop := h.start(t)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(testInterval - time.Second)
		pulls := s.pulled()
		require.GreaterOrEqual(t, len(pulls), 2, "must be pulled again before the next interval")
		assert.Less(t, pulls[1].Sub(pulls[0]), testInterval/2)
		assert.GreaterOrEqual(t, pulls[1].Sub(pulls[0]), testInterval/3, "must not be pulled again at once")
		stop()
	})
}

func TestSharedDeadlineDoesNotShortenTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Millisecond
		h := newHarness(t, func(c *Collection) { c.settings.Interval, c.settings.Timeout = 100*time.Millisecond, timeout })
		stop := h.start(t)
		var wrong atomic.Int32
		h.add(fleet(5, func(_ int, s *fakeSandbox) {
			s.respond = func(ctx context.Context, r *sandbox.Reading) error {
				deadline, _ := ctx.Deadline()
				if time.Until(deadline) < timeout*9/10 || time.Until(deadline) > timeout {
					wrong.Add(1)
				}
				return honest(ctx, r)
			}
		}))
		time.Sleep(5 * time.Second)
		stop()
		assert.Zero(t, wrong.Load())
	})
}

func TestShutdownDoesNotWaitForSandboxesOrTheSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.sink.block = make(chan struct{})
		stop := h.start(t)
		h.add(fleet(50, func(i int, s *fakeSandbox) {
			if i%2 == 0 {
				s.respond = stalling
			}
		}))
		time.Sleep(3 * time.Second)
		began := time.Now()
		stop()
		assert.Zero(t, time.Since(began))
	})
}

func TestShutdownWithoutStartAndTwice(t *testing.T) {
	h := newHarness(t, nil)
	require.NoError(t, h.StopPulls(t.Context()))
	require.NoError(t, h.StopDiscovery(t.Context()))
	stop := h.start(t)
	require.NoError(t, h.StopDiscovery(t.Context()))
	stop()
}
