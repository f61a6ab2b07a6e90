package collect

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestRound has sandboxes in one round that answer at once, after a while, when
// the round has given up waiting, and that stop in mid-answer. Each has its own
// data in time in every interval, whatever the others do.
func TestRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		all := fleet(100, func(i int, s *fakeSandbox) {
			s.thinks = []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 0}[i%5]
			if i%10 == 4 {
				s.stops = 3 * time.Second
			}
		})
		for _, s := range all {
			b.runtime.add(s)
		}
		const intervals = 5
		time.Sleep(intervals*testInterval + testInterval/2 + time.Second/8)
		// The last visits may still be under way.
		time.Sleep(testTimeout)
		stop()
		for _, s := range all {
			points := b.pipeline.of(s.identity.ID, "fake.opens")
			require.GreaterOrEqual(t, len(points), intervals, "%v, %v", s.thinks, s.stops)
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for i, point := range points[1:] {
				began := s.pulled()[i+1]
				assert.Equal(t, began, nextSlot(began, phase, testInterval), "off its phase")
				taken := point.stamp.Sub(began)
				assert.GreaterOrEqual(t, taken, s.thinks+s.stops)
				assert.LessOrEqual(t, taken, s.thinks+s.stops+40*time.Millisecond, "held up by others")
			}
			assert.Zero(t, s.overlaps.Load())
			assert.Zero(t, s.inFlight.Load())
			assert.EqualValues(t, 1, s.closed.Load())
			assert.Equal(t, s.stops > 0, s.waited.Load() > 0)
		}
	})
}

// TestRoundOfPanics: neither asking nor answering ends anything else.
func TestRoundOfPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		all := fleet(20, func(i int, s *fakeSandbox) {
			s.thinks = 0
			if i%4 == 0 {
				s.answer = func(ctx context.Context, r *sandbox.Reading) error {
					if len(s.pulled())%2 == 0 {
						panic("a fault")
					}
					return honest(ctx, r)
				}
			}
		})
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(5*testInterval + testInterval/2)
		stop()
		for i, s := range all {
			points := b.pipeline.of(s.identity.ID, "fake.opens")
			if i%4 == 0 {
				assert.InDelta(t, len(s.pulled())/2, len(points), 1)
			} else {
				assert.GreaterOrEqual(t, len(points), 5)
			}
		}
		assert.NotZero(t, b.logs.FilterMessageSnippet("panicked").Len())
	})
}

// TestStopInARound: a round that waits does not hold up the end.
func TestStopInARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		all := fleet(50, func(i int, s *fakeSandbox) { s.thinks = time.Duration(i) * 100 * time.Millisecond })
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(2*testInterval + time.Millisecond)
		began := time.Now()
		stop()
		assert.Less(t, time.Since(began), 2*time.Second)
		for _, s := range all {
			assert.EqualValues(t, 1, s.closed.Load())
		}
	})
}

func TestConstantsAreSaidNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		refuse := b.pipeline.refuseWhile()
		stop := b.start(t)
		s := newFake("a")
		b.runtime.add(s)
		time.Sleep(testInterval / 4)
		assert.Len(t, b.pipeline.of("a", "fake.made"), 1, "said at once")
		time.Sleep(10 * time.Minute)
		said := b.pipeline.of("a", "fake.made")
		assert.InDelta(t, 21, len(said), 1)
		for i := range said[1:] {
			assert.LessOrEqual(t, said[i+1].at.Sub(said[i].at), constantsPause+testInterval)
		}
		// What was lost is said again.
		refuse.Store(true)
		time.Sleep(2 * testInterval)
		refuse.Store(false)
		time.Sleep(testInterval)
		assert.Greater(t, len(b.pipeline.of("a", "fake.made")), len(said))
		b.runtime.remove(s)
		time.Sleep(testInterval)
		stop()
		points := b.pipeline.of("a", "fake.made")
		assert.True(t, points[len(points)-1].ended)
	})
}
