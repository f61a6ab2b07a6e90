package collect

import (
	"container/heap"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestNextTurn(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		// turned and pulled are when the last turn and pull started, relative to now,
		// which is the beginning of an interval.
		turned, pulled, minInterval, phase time.Duration
		want, wantPhase                    time.Duration
	}{
		"next slot":                         {-8000 * ms, -8000 * ms, 0, 3000 * ms, 3000 * ms, 3000 * ms},
		"half an interval after the turn":   {-2000 * ms, -2000 * ms, 0, 3000 * ms, 3000 * ms, 3000 * ms},
		"less than half an interval":        {-1999 * ms, -1999 * ms, 0, 3000 * ms, 13000 * ms, 3000 * ms},
		"a turn that took long":             {-40000 * ms, -40000 * ms, 0, 3000 * ms, 3000 * ms, 3000 * ms},
		"slot is now":                       {-8000 * ms, -8000 * ms, 0, 0, 0, 0},
		"minimum interval is over":          {-8000 * ms, -8000 * ms, 10000 * ms, 3000 * ms, 3000 * ms, 3000 * ms},
		"minimum interval ends at the slot": {-8000 * ms, -7000 * ms, 10000 * ms, 3000 * ms, 3000 * ms, 3000 * ms},
		"a little late: the phase moves":    {-8000 * ms, -6999 * ms, 10000 * ms, 3000 * ms, 3001 * ms, 3001 * ms},
		"late by a tenth":                   {-8000 * ms, -6000 * ms, 10000 * ms, 3000 * ms, 4000 * ms, 4000 * ms},
		"later: the slot is skipped":        {-8000 * ms, -5999 * ms, 10000 * ms, 3000 * ms, 13000 * ms, 3000 * ms},
		"phase moves into the next interval": {
			-8000 * ms, 500 * ms, 10000 * ms, 9900 * ms, 10500 * ms, 500 * ms,
		},
		"long minimum interval": {-8000 * ms, -8000 * ms, 60000 * ms, 3000 * ms, 53000 * ms, 3000 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, s, _, stop := newTestScheduler(t, nil)
			now := time.Now()
			a := newFake("a")
			a.minInterval = test.minInterval
			one := &target{sandbox: a, phase: test.phase, turned: now.Add(test.turned), pulled: now.Add(test.pulled)}
			assert.Equal(t, test.want, s.nextTurn(one).Sub(now), name)
			assert.Equal(t, test.wantPhase, one.phase, name)
			stop()
		})
	}
}

// TestRepull moves the next turn forward, but not to less than a third of the
// interval from now and not into the minimum interval.
func TestRepull(t *testing.T) {
	for name, test := range map[string]struct {
		due, pulled, minInterval, want time.Duration
	}{
		"moved forward":            {9 * time.Second, -time.Second, 0, testInterval / 3},
		"due earlier":              {3 * time.Second, -time.Second, 0, 3 * time.Second},
		"minimum interval is over": {9 * time.Second, -time.Second, 4 * time.Second, testInterval / 3},
		"minimum interval":         {9 * time.Second, -time.Second, 6 * time.Second, 5 * time.Second},
		"minimum interval too far": {9 * time.Second, -time.Second, 12 * time.Second, 9 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, s, _, stop := newTestScheduler(t, nil)
			now := time.Now()
			all := fleet(3, nil)
			for _, one := range all {
				s.add(one, now.Add(8*time.Second))
			}
			all[2].minInterval = test.minInterval
			one := s.targets[all[2]]
			one.due, one.pulled = now.Add(test.due), now.Add(test.pulled)
			heap.Fix(one.queue, one.index)
			s.repull(one, now)
			assert.Equal(t, test.want, one.due.Sub(now), name)
			if test.want < 8*time.Second {
				assert.Same(t, one, s.unproven[0], "%s: must be first in its queue", name)
			}
			one.gone, one.due = true, now.Add(9*time.Second)
			s.repull(one, now)
			assert.Equal(t, now.Add(9*time.Second), one.due, "%s: gone", name)
			stop()
		})
	}
}

// TestChangesAreReportedSoon checks when the runtimes are reported after
// sandboxes have come or gone.
func TestChangesAreReportedSoon(t *testing.T) {
	for name, test := range map[string]struct {
		added, gone  int
		report, want time.Duration
	}{
		"nothing":              {0, 0, 9 * time.Second, 9 * time.Second},
		"one added":            {1, 0, 9 * time.Second, reportDelay},
		"one gone":             {0, 1, 9 * time.Second, reportDelay},
		"one added, one gone":  {1, 1, 9 * time.Second, reportDelay},
		"report is due sooner": {1, 0, reportDelay / 2, reportDelay / 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, s, ctx, stop := newTestScheduler(t, nil)
			now := time.Now()
			s.report = now.Add(test.report)
			all := fleet(2, nil)
			for _, one := range all[:test.added] {
				h.pending.add(one)
			}
			for _, one := range all[1 : 1+test.gone] {
				h.pending.remove(one)
			}
			s.takePending(ctx)
			assert.Equal(t, test.want, s.report.Sub(now), name)
			stop()
		})
	}
}

// TestSandboxAddedTwiceIsOneTarget also checks that sandboxes that were never
// added are not removed.
func TestSandboxAddedTwiceIsOneTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, ctx, stop := newTestScheduler(t, nil)
		a := newFake("a")
		s.add(a, time.Now())
		one := s.targets[a]
		s.add(a, time.Now())
		assert.Same(t, one, s.targets[a])
		assert.Equal(t, 1, s.unproven.Len())
		assert.EqualValues(t, 1, s.seen[a.identity.Runtime])
		s.remove(ctx, newFake("other"))
		assert.Equal(t, 1, s.unproven.Len())
		stop()
	})
}
