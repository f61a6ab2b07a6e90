package collect

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestGroup pulls sandboxes in one group that respond immediately, after a while,
// after the group has stopped waiting, and that pause within the response. Each
// delivers on time in every interval, whatever the others do.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(100, func(i int, s *fakeSandbox) {
			s.delay = []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 2 * time.Second, 0}[i%5]
			if i%10 == 4 {
				s.pause = 3 * time.Second
			}
		})
		h.add(all)
		const intervals = 5
		time.Sleep(intervals*testInterval + testInterval/2 + time.Second/8)
		// The last pulls may still be in progress.
		time.Sleep(testTimeout)
		stop()
		inGroups := 0
		for _, s := range all {
			points := h.sink.of(s.identity.ID, "fake.opens")
			require.GreaterOrEqual(t, len(points), intervals, "%v, %v", s.delay, s.pause)
			// The first pull is not split into a request and a response, and neither is
			// one without others in the same slot.
			inGroup := s.sends == len(s.pulled())-1
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for i, p := range points[1:] {
				began := s.pulled()[i+1]
				assert.Equal(t, began, nextSlot(began, phase, testInterval), "out of phase")
				if !inGroup {
					continue
				}
				duration := p.time.Sub(began)
				assert.GreaterOrEqual(t, duration, s.delay+s.pause)
				assert.LessOrEqual(t, duration, s.delay+s.pause+40*time.Millisecond, "delayed by others")
			}
			assert.Zero(t, s.overlaps.Load())
			assert.Zero(t, s.inFlight.Load())
			assert.EqualValues(t, 1, s.closed.Load())
			if inGroup {
				inGroups++
				assert.Equal(t, s.pause > 0, s.blocked.Load() > 0)
			}
		}
		assert.Greater(t, inGroups, len(all)/2)
	})
}

// TestPanicsInAGroup checks that a panic affects only its own pull.
func TestPanicsInAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(20, func(i int, s *fakeSandbox) {
			s.delay = 0
			if i%4 == 0 {
				s.respond = func(ctx context.Context, r *sandbox.Reading) error {
					if len(s.pulled())%2 == 0 {
						panic("a bug")
					}
					return honest(ctx, r)
				}
			}
		})
		h.add(all)
		time.Sleep(5*testInterval + testInterval/2)
		stop()
		for i, s := range all {
			points := h.sink.of(s.identity.ID, "fake.opens")
			if i%4 == 0 {
				assert.InDelta(t, len(s.pulled())/2, len(points), 1)
			} else {
				assert.GreaterOrEqual(t, len(points), 5)
			}
		}
		panics := h.logs.FilterMessageSnippet("Panic in the code").All()
		require.NotEmpty(t, panics)
		logged := panics[0].ContextMap()
		index := slices.IndexFunc(all, func(s *fakeSandbox) bool { return s.identity.ID == logged["sandbox.id"] })
		require.GreaterOrEqual(t, index, 0, "the log does not name the sandbox")
		assert.Zero(t, index%4, "the log names another sandbox")
		assert.Equal(t, all[index].identity.Runtime, logged["sandbox.runtime.name"])
		assert.Equal(t, all[index].identity.Iteration, logged["sandbox.iteration"])
	})
}

// TestShutdownDuringAGroup checks that a waiting group does not delay shutdown.
func TestShutdownDuringAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(50, func(i int, s *fakeSandbox) { s.delay = time.Duration(i) * 100 * time.Millisecond })
		h.add(all)
		time.Sleep(2*testInterval + time.Millisecond)
		began := time.Now()
		stop()
		assert.Less(t, time.Since(began), 2*time.Second)
		for _, s := range all {
			assert.EqualValues(t, 1, s.closed.Load())
		}
	})
}

// onlySandbox hides the methods of [sandbox.Sender].
type onlySandbox struct{ sandbox.Sandbox }

// TestSandboxThatCannotSend checks that a runtime needs no [sandbox.Sender].
func TestSandboxThatCannotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.delay = 0
		h.runtime.add(onlySandbox{s})
		time.Sleep(5 * testInterval)
		synctest.Wait()
		stop()
		assert.InDelta(t, 5, len(h.sink.of("a", "fake.opens")), 1)
		assert.Zero(t, s.sent, "Send must not be called")
	})
}
