package collect

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestPullsInFlightReachTheirLimitsExactly runs more sandboxes than may be
// pulled at a time: first unproven ones, then proven ones.
func TestPullsInFlightReachTheirLimitsExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 8, 3 })
		stop := h.start(t)
		var mu sync.Mutex
		inFlight, peak := 0, 0
		h.add(fleet(60, func(_ int, s *fakeSandbox) {
			s.respond = func(ctx context.Context, r *sandbox.Reading) error {
				mu.Lock()
				inFlight++
				peak = max(peak, inFlight)
				mu.Unlock()
				time.Sleep(200 * time.Millisecond)
				mu.Lock()
				inFlight--
				mu.Unlock()
				return honest(ctx, r)
			}
		}))
		takePeak := func() int {
			mu.Lock()
			defer mu.Unlock()
			last := peak
			peak = 0
			return last
		}
		time.Sleep(time.Second)
		assert.Equal(t, 3, takePeak(), "unproven")
		time.Sleep(2 * testInterval)
		synctest.Wait()
		takePeak()
		time.Sleep(2 * testInterval)
		synctest.Wait()
		assert.Equal(t, 8, takePeak(), "proven")
		stop()
	})
}

// TestFullSchedulerStartsTheNextPullAtOnce checks that no time is lost between
// two pulls if only one may be in flight.
func TestFullSchedulerStartsTheNextPullAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 1, 1 })
		stop := h.start(t)
		all := fleet(5, func(_ int, s *fakeSandbox) {
			s.respond = func(ctx context.Context, r *sandbox.Reading) error {
				time.Sleep(700 * time.Millisecond)
				return honest(ctx, r)
			}
		})
		began := time.Now()
		h.add(all)
		time.Sleep(testInterval / 2)
		stop()
		starts := map[time.Duration]bool{}
		for _, s := range all {
			starts[s.pulled()[0].Sub(began)] = true
		}
		for i := range all {
			assert.Contains(t, starts, time.Duration(i)*700*time.Millisecond)
		}
	})
}

// TestSandboxGoneDuringAPullIsClosedWhenItEnds does not wait for the next check
// for finished turns.
func TestSandboxGoneDuringAPullIsClosedWhenItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			time.Sleep(3 * time.Second)
			return honest(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(2500 * time.Millisecond)
		h.runtime.remove(s)
		time.Sleep(500*time.Millisecond + 1)
		assert.EqualValues(t, 1, s.closed.Load())
		stop()
	})
}

func TestPullsThatStartTogetherShareADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for timeout, shared := range map[time.Duration]time.Duration{
			5 * time.Second: maxSharedDeadline, 200 * time.Millisecond: 10 * time.Millisecond,
		} {
			_, s, ctx, stop := newTestScheduler(t, func(c *Collection) { c.settings.Timeout = timeout })
			first := s.bounded(ctx)
			deadline, _ := first.Deadline()
			assert.Equal(t, timeout, time.Until(deadline))
			time.Sleep(shared)
			assert.Same(t, first, s.bounded(ctx), "must share the deadline within %v", shared)
			time.Sleep(time.Nanosecond)
			second := s.bounded(ctx)
			assert.NotSame(t, first, second, "must have the whole timeout after %v", shared)
			deadline, _ = second.Deadline()
			assert.Equal(t, timeout, time.Until(deadline))
			stop()
		}
	})
}

func TestIdlePullersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, ctx, stop := newTestScheduler(t, nil)
		s.idle.Store(maxIdlePullers)
		_, more := s.nextDue(ctx)
		assert.False(t, more, "enough pullers wait")
		assert.EqualValues(t, maxIdlePullers, s.idle.Load())
		s.idle.Store(maxIdlePullers - 1)
		a := &target{}
		go func() { s.due <- turn{targets: []*target{a}} }()
		next, more := s.nextDue(ctx)
		assert.True(t, more, "one more may wait")
		assert.Equal(t, []*target{a}, next.targets)
		assert.EqualValues(t, maxIdlePullers-1, s.idle.Load())
		s.idle.Store(0)
		stop()
	})
}

// TestNoEmptyDeliveries covers turns without a result: of a group whose targets
// were all left to others, and of a sandbox that is gone before its first turn.
func TestNoEmptyDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 64, 1 })
		stop := h.start(t)
		all := fleet(20, func(_ int, s *fakeSandbox) { s.delay = time.Second })
		h.add(all)
		never := fleet(1, func(_ int, s *fakeSandbox) { s.respond = stalling })[0]
		h.runtime.add(never)
		h.runtime.remove(never)
		time.Sleep(3 * testInterval)
		synctest.Wait()
		stop()
		assert.Zero(t, h.sink.empty.Load())
	})
}

// TestOverdueRuntimeMetricsAreDropped blocks the sink, so that reports of the
// runtime cannot be delivered.
func TestOverdueRuntimeMetricsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.sink.block = make(chan struct{})
		stop := h.start(t)
		// Each new sandbox makes the runtime report soon.
		for _, s := range fleet(3, func(_ int, s *fakeSandbox) { s.respond = stalling }) {
			h.runtime.add(s)
			time.Sleep(2 * time.Second)
		}
		assert.GreaterOrEqual(t, len(h.runtime.stats), 3)
		assert.EqualValues(t, 1, h.sink.anonymous.Load(), "one per runtime may wait")
		close(h.sink.block)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		assert.GreaterOrEqual(t, len(h.sink.of("", "fake.count")), 2, "must be delivered again")
		stop()
	})
}
