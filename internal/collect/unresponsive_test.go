package collect

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadatatest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// hanging returns a sandbox that responds to no pull while hung is true.
func hanging(id string) (s *fakeSandbox, hung *atomic.Bool) {
	s, hung = newFake(id), new(atomic.Bool)
	s.respond = func(ctx context.Context, r *sandbox.Reading) error {
		if hung.Load() {
			return stalling(ctx, r)
		}
		return honest(ctx, r)
	}
	return s, hung
}

// statesOf returns the states of a sandbox in the order in which they were reported.
// It fails if one is reported before the series of the previous one has ended.
func statesOf(t *testing.T, h *harness, id string) (states []string) {
	t.Helper()
	current := ""
	for _, p := range h.sink.of(id, "sandbox.state") {
		state := p.labels["sandbox.state"]
		switch {
		case p.ended:
			assert.Equal(t, current, state, "only the current state can end")
			current = ""
		case current == "":
			states = append(states, state)
			current = state
		default:
			assert.Equal(t, current, state, "two states at a time")
		}
	}
	return states
}

func TestUnresponsiveWithinTwoIntervals(t *testing.T) {
	for _, recorded := range []sandbox.State{sandbox.Running, sandbox.Created, sandbox.Unknown} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			stop := h.start(t)
			defer stop()
			s, hung := hanging("a")
			s.setState(recorded)
			other := newFake("b")
			h.add([]*fakeSandbox{s, other})
			time.Sleep(2 * testInterval)
			require.Equal(t, []string{string(recorded)}, statesOf(t, h, "a"))
			hung.Store(true)
			time.Sleep(2 * testInterval)
			require.Equal(t, []string{string(recorded), "unresponsive"}, statesOf(t, h, "a"))
			hung.Store(false)
			time.Sleep(2 * h.limits.maxBackOff)
			assert.Equal(t, []string{string(recorded), "unresponsive", string(recorded)}, statesOf(t, h, "a"))
			assert.Equal(t, []string{"running"}, statesOf(t, h, "b"))
		})
	}
}

// TestUnresponsiveEndsNoOtherSeries checks that what is collected goes on: the same
// metrics are collected in both states.
func TestUnresponsiveEndsNoOtherSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung := hanging("a")
		h.runtime.add(s)
		for _, hangs := range []bool{true, false} {
			time.Sleep(2 * testInterval)
			hung.Store(hangs)
		}
		time.Sleep(h.limits.maxBackOff)
		s.setState(sandbox.Paused)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		require.Equal(t, []string{"running", "unresponsive", "running", "paused"}, statesOf(t, h, "a"))
		for _, name := range []string{"fake.opens", "fake.present", "fake.build", "sandbox.responsive", "sandbox.pull.failures"} {
			points := h.sink.of("a", name)
			require.NotEmpty(t, points, name)
			for _, p := range points {
				assert.False(t, p.ended, name)
			}
		}
		stop()
	})
}

func TestFirstPullTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung := hanging("a")
		hung.Store(true)
		h.runtime.add(s)
		time.Sleep(testInterval)
		synctest.Wait()
		assert.Equal(t, []string{"unresponsive"}, statesOf(t, h, "a"))
		h.runtime.remove(s)
		time.Sleep(testInterval)
		synctest.Wait()
		stop()
		points := h.sink.of("a", "sandbox.state")
		assert.True(t, points[len(points)-1].ended, "the series ends with the sandbox")
		assert.Equal(t, "unresponsive", points[len(points)-1].labels["sandbox.state"])
	})
}

// TestStateOfFailingSandbox checks which failures make a sandbox unresponsive.
func TestStateOfFailingSandbox(t *testing.T) {
	for _, outcome := range sandbox.Outcomes[1:] {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			stop := h.start(t)
			s := newFake("a")
			s.respond = failing(outcome, "test")
			paused := newFake("paused")
			paused.setState(sandbox.Paused)
			paused.respond = s.respond
			h.add([]*fakeSandbox{s, paused})
			time.Sleep(3 * testInterval)
			stop()
			want := "running"
			if outcome == sandbox.Timeout {
				want = "unresponsive"
			}
			assert.Equal(t, []string{want}, statesOf(t, h, "a"), outcome)
			assert.Equal(t, []string{"paused"}, statesOf(t, h, "paused"), outcome)
		})
	}
}

// TestUnresponsiveUntilSuccess checks that another failure is not recovery.
func TestUnresponsiveUntilSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		var pulls atomic.Int32
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			switch pulls.Add(1) {
			case 1:
				return stalling(ctx, r)
			case 2, 3:
				return sandbox.Failf(sandbox.Unreachable, "test")
			}
			return honest(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(3 * testInterval)
		synctest.Wait()
		require.GreaterOrEqual(t, pulls.Load(), int32(2))
		assert.Equal(t, []string{"unresponsive"}, statesOf(t, h, "a"))
		time.Sleep(h.limits.maxBackOff)
		assert.Equal(t, []string{"unresponsive", "running"}, statesOf(t, h, "a"))
		stop()
	})
}

func TestUnresponsiveSandboxesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung := hanging("a")
		h.add([]*fakeSandbox{s, newFake("b")})
		hung.Store(true)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		counts := sandboxCounts(1)
		counts[slices.Index(sandbox.States[:], sandbox.Unresponsive)].Value = 1
		ignore := metricdatatest.IgnoreTimestamp()
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, counts, ignore)
		hung.Store(false)
		time.Sleep(h.limits.maxBackOff)
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, h.self, sandboxCounts(2), ignore)
		stop()
	})
}

func TestUnresponsiveSandboxThatStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung := hanging("a")
		h.runtime.add(s)
		hung.Store(true)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		s.setState(sandbox.Stopped)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		stop()
		assert.Equal(t, []string{"unresponsive", "stopped"}, statesOf(t, h, "a"))
		present := h.sink.of("a", "sandbox.responsive")
		assert.True(t, present[len(present)-1].ended)
	})
}

// awaiting is hanging with a function that ends the hang and reports the overdue
// response.
func awaiting(id string) (s *fakeSandbox, hung *atomic.Bool, resume func()) {
	s, hung = hanging(id)
	s.awaiting = true
	return s, hung, func() {
		hung.Store(false)
		(*s.late.Load())()
	}
}

func TestRecoveryWithinOneInterval(t *testing.T) {
	for name, hangs := range map[string]time.Duration{
		"short": 2 * testInterval, "long": 10 * time.Minute, "longer": time.Hour + testInterval/3,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				stop := h.start(t)
				defer stop()
				s, hung, resume := awaiting("a")
				h.runtime.add(s)
				time.Sleep(2 * testInterval)
				hung.Store(true)
				before := len(s.pulled())
				time.Sleep(hangs)
				// The back-off is spread by 1/8.
				most := 1 + int(hangs*8/7/h.limits.maxBackOff)
				assert.LessOrEqual(t, len(s.pulled())-before, most, "requests to a sandbox that hangs")
				require.Equal(t, []string{"running", "unresponsive"}, statesOf(t, h, "a"))
				resume()
				time.Sleep(testInterval)
				assert.Equal(t, []string{"running", "unresponsive", "running"}, statesOf(t, h, "a"))
			})
		})
	}
}

// TestLateResponsesDoNotSpeedUpPulls reports a response whenever it helps a hostile
// sandbox.
func TestLateResponsesDoNotSpeedUpPulls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung, _ := awaiting("a")
		hung.Store(true)
		h.runtime.add(s)
		synctest.Wait()
		for range 10 * int(testInterval/time.Second) {
			time.Sleep(time.Second)
			(*s.late.Load())()
		}
		stop()
		pulls := s.pulled()
		require.NotEmpty(t, pulls)
		assert.LessOrEqual(t, len(pulls), 11)
		for i := 2; i < len(pulls); i++ {
			assert.GreaterOrEqual(t, pulls[i].Sub(pulls[i-1]), testInterval/2)
		}
		assert.Equal(t, []string{"unresponsive"}, statesOf(t, h, "a"))
	})
}

// TestLateResponseDuringATurn reports the response while the sink blocks.
func TestLateResponseDuringATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		h.sink.block = make(chan struct{})
		stop := h.start(t)
		s, hung, resume := awaiting("a")
		hung.Store(true)
		h.runtime.add(s)
		time.Sleep(testTimeout)
		synctest.Wait()
		resume()
		time.Sleep(time.Second)
		close(h.sink.block)
		// Not until the next slot, which is at least half an interval after the pull.
		time.Sleep(testInterval - time.Second)
		synctest.Wait()
		assert.Len(t, s.pulled(), 2)
		assert.Equal(t, []string{"unresponsive", "running"}, statesOf(t, h, "a"))
		stop()
	})
}

// TestLateResponseOfSandboxThatIsGone checks that nothing happens.
func TestLateResponseOfSandboxThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, hung, resume := awaiting("a")
		hung.Store(true)
		h.runtime.add(s)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		h.runtime.remove(s)
		resume()
		// A pull may have begun at the same time.
		time.Sleep(time.Second)
		pulls := len(s.pulled())
		resume()
		time.Sleep(2 * testInterval)
		synctest.Wait()
		assert.Len(t, s.pulled(), pulls)
		stop()
		resume()
	})
}
