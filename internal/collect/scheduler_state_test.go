package collect

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// newTestScheduler returns the scheduler of a collection that is not started, so
// that its steps can be tested one by one. The function ends what it started.
func newTestScheduler(t *testing.T, change func(*Collection)) (h *harness, s *scheduler, ctx context.Context, stop func()) {
	t.Helper()
	h = newHarness(t, change)
	s = newScheduler(h.Collection)
	ctx, cancel := context.WithCancel(context.Background())
	return h, s, ctx, func() {
		cancel()
		s.close()
		h.settings.Telemetry.Shutdown()
		require.NoError(t, h.self.Shutdown(context.Background()))
	}
}

func TestSchedulerIsUrgentIfATurnHasToFinishFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, _, stop := newTestScheduler(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 4, 2 })
		for name, test := range map[string]struct {
			inFlight, unproven, gone, waiting int
			want                              bool
		}{
			"nothing in progress":                 {0, 0, 0, 0, false},
			"room for more":                       {3, 1, 0, 1, false},
			"limit reached":                       {4, 0, 0, 0, true},
			"limit exceeded by gone sandboxes":    {5, 0, 0, 0, true},
			"sandbox is gone":                     {1, 0, 1, 0, true},
			"unproven limit, nothing waits":       {2, 2, 0, 0, false},
			"unproven limit, one waits":           {2, 2, 0, 1, true},
			"below the unproven limit, one waits": {2, 1, 0, 1, false},
		} {
			s.inFlight, s.unprovenInFlight, s.goneInFlight = test.inFlight, test.unproven, test.gone
			s.unproven = make(queue, test.waiting)
			assert.Equal(t, test.want, s.urgent(), name)
		}
		s.unproven = nil
		stop()
	})
}

func TestChecksForFinishedTurnsBecomeRarer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, ctx, stop := newTestScheduler(t, nil)
		s.poll = minPoll
		last := s.poll
		for range 20 {
			s.takeFinished(ctx)
			assert.Equal(t, min(2*last, testInterval/pollsPerInterval), s.poll)
			last = s.poll
		}
		assert.Equal(t, time.Second, s.poll)
		a := newFake("a")
		s.add(a, time.Now())
		one := s.targets[a]
		s.startOne(ctx, one)
		s.poll = time.Second
		time.Sleep(time.Millisecond)
		s.takeFinished(ctx)
		assert.Equal(t, minPoll, s.poll, "a finished turn makes others likely")
		stop()
	})
}

func TestNextWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, _, stop := newTestScheduler(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 4, 2 })
		now := time.Now()
		s.poll = time.Second
		in := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
		for name, test := range map[string]struct {
			inFlight, unproven      int
			proven, waiting, report int // seconds from now; -1 means that there is none
			want                    int
		}{
			"only the report":               {0, 0, -1, -1, 9, 9},
			"proven target":                 {0, 0, 4, 6, 9, 4},
			"unproven target":               {0, 0, 6, 4, 9, 4},
			"targets after the report":      {0, 0, 11, 12, 9, 9},
			"poll for finished turns":       {1, 0, 4, 4, 9, 1},
			"report before the poll":        {1, 0, 4, 4, 0, 0},
			"target before the poll":        {3, 0, 0, -1, 9, 0},
			"limit reached":                 {4, 0, 0, 0, 9, 1},
			"unproven limit reached":        {2, 2, -1, 0, 9, 1},
			"unproven limit does not apply": {2, 2, 0, -1, 9, 0},
			"below the unproven limit":      {2, 1, -1, 0, 9, 0},
		} {
			s.inFlight, s.unprovenInFlight = test.inFlight, test.unproven
			s.report = in(test.report)
			s.proven, s.unproven = nil, nil
			if test.proven >= 0 {
				s.proven = queue{{due: in(test.proven)}}
			}
			if test.waiting >= 0 {
				s.unproven = queue{{due: in(test.waiting)}}
			}
			assert.Equal(t, in(test.want), s.next(), name)
		}
		stop()
	})
}

// TestMissedSlotsAreCounted starts turns late. A turn that is late by less than
// an interval misses no slot.
func TestMissedSlotsAreCounted(t *testing.T) {
	for late, want := range map[time.Duration]int64{
		0: 0, testInterval - 1: 0, testInterval: 0, testInterval + 1: 1, 7 * testInterval / 2: 3,
	} {
		synctest.Test(t, func(t *testing.T) {
			h, s, ctx, stop := newTestScheduler(t, nil)
			s.add(newFake("a"), time.Now().Add(-late))
			assert.True(t, s.startFirst(ctx, &s.unproven, time.Now()))
			synctest.Wait()
			assert.Equal(t, want, skippedPulls(h), late)
			stop()
		})
	}
}

func skippedPulls(h *harness) (count int64) {
	skipped, err := h.self.GetMetric("otelcol_receiver_sandbox_skipped_pulls")
	if err != nil {
		return 0
	}
	for _, p := range skipped.Data.(metricdata.Sum[int64]).DataPoints {
		count += p.Value
	}
	return count
}

// TestAccountsAreBalanced checks that every turn that began was taken back,
// whatever became of its sandbox meanwhile.
func TestAccountsAreBalanced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s, ctx, stop := newTestScheduler(t, nil)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.run(ctx)
		}()
		all := fleet(60, func(i int, s *fakeSandbox) {
			s.delay = time.Duration(i%3-1) * time.Millisecond
			switch i % 5 {
			case 0:
				s.respond = stalling
			case 1:
				s.respond = failing(sandbox.Rejected, "counter decreased")
			}
		})
		for _, one := range all {
			h.pending.add(one)
		}
		// The second half is gone while the first pulls stall.
		time.Sleep(time.Second)
		for _, one := range all[30:] {
			h.pending.remove(one)
		}
		time.Sleep(3*testInterval + time.Second)
		for _, one := range all[:30] {
			h.pending.remove(one)
		}
		time.Sleep(testInterval)
		synctest.Wait()
		stop()
		<-ended
		assert.Zero(t, s.inFlight)
		assert.Zero(t, s.unprovenInFlight)
		assert.Zero(t, s.goneInFlight)
		assert.Empty(t, s.targets)
		assert.Zero(t, s.proven.Len()+s.unproven.Len())
		assert.EqualValues(t, 60, s.seen[sandbox.RuntimeGVisor])
		assert.Zero(t, s.idle.Load())
		assert.Zero(t, s.overdue.Load())
	})
}

func TestPointsLostDuringATurnArePulledAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, ctx, stop := newTestScheduler(t, nil)
		one := newFake("a")
		now := time.Now()
		s.add(one, now)
		target := s.targets[one]
		target.phase = time.Duration(now.UnixNano()) % testInterval
		target.queue, s.unproven = nil, nil // its turn is in progress
		s.repull(target, now)
		s.inFlight++
		target.turned, target.pulled = now, now
		s.reschedule(ctx, target)
		assert.Equal(t, testInterval/3, target.due.Sub(now))

		target.queue, s.unproven, s.proven = nil, nil, nil
		s.inFlight++
		s.reschedule(ctx, target)
		assert.Equal(t, testInterval, target.due.Sub(now), "nothing was lost in the next turn")
		stop()
	})
}
