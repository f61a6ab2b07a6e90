package collect

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// eventSink keeps all events.
type eventSink struct {
	mu     sync.Mutex
	events []*lifecycle.Event
}

func (s *eventSink) Record(e *lifecycle.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// of returns the events of a sandbox as text, "found running" or "recovered".
func (s *eventSink) of(id string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Identity == nil || e.Identity.ID != id {
			continue
		}
		name := strings.TrimPrefix(string(e.Name), "sandbox.")
		for _, detail := range []string{string(e.State), e.SkipReason, e.Rule, e.Metric} {
			if detail != "" {
				name += " " + detail
			}
		}
		names = append(names, name)
	}
	return names
}

func newEventHarness(t *testing.T) (*harness, *eventSink) {
	t.Helper()
	events := &eventSink{}
	return newHarness(t, func(c *Collection) { c.settings.Events = events }), events
}

// violation is the error of a response that violates a rule.
type violation struct{ rule, metric string }

func (v violation) Error() string           { return v.rule }
func (v violation) Violated() (_, _ string) { return v.rule, v.metric }

// eventCases are statuses of a sandbox, each for two intervals, with the events that they
// cause. The sandbox is gone after the last one.
var eventCases = map[string]struct {
	// old means that the sandbox was created before the receiver started.
	old      bool
	statuses []sandbox.Status
	want     []string
}{
	"found running": {
		true,
		[]sandbox.Status{{State: sandbox.Running}},
		[]string{"found running", "exited", "gone"},
	},
	"new and already running": {
		false,
		[]sandbox.Status{{State: sandbox.Running}},
		[]string{"found running", "started", "exited", "gone"},
	},
	"from booting to stopped": {
		false,
		[]sandbox.Status{{State: sandbox.Booting}, {State: sandbox.Created}, {State: sandbox.Running}, {State: sandbox.Stopped}},
		[]string{"found booting", "started", "exited", "gone"},
	},
	"old, but started since": {
		true,
		[]sandbox.Status{{State: sandbox.Created}, {State: sandbox.Running}},
		[]string{"found created", "started", "exited", "gone"},
	},
	"never started": {
		false,
		[]sandbox.Status{{State: sandbox.Created}},
		[]string{"found created", "exited", "gone"},
	},
	"found stopped": {
		true,
		[]sandbox.Status{{State: sandbox.Stopped}},
		[]string{"found stopped", "gone"},
	},
	"new and already stopped": {
		false,
		[]sandbox.Status{{State: sandbox.Stopped}},
		[]string{"found stopped", "exited", "gone"},
	},
	"paused and resumed": {
		true,
		[]sandbox.Status{{State: sandbox.Running}, {State: sandbox.Paused}, {State: sandbox.Running}},
		[]string{"found running", "paused", "resumed", "exited", "gone"},
	},
	"found paused": {
		true,
		[]sandbox.Status{{State: sandbox.Paused}, {State: sandbox.Running}},
		[]string{"found paused", "resumed", "exited", "gone"},
	},
	"hidden for a while": {
		true,
		[]sandbox.Status{{State: sandbox.Running}, {State: sandbox.Unknown}, {State: sandbox.Running}},
		[]string{"found running", "exited", "gone"},
	},
	"skipped for changing reasons": {
		true,
		[]sandbox.Status{
			{State: sandbox.Skipped, SkipReason: "no_state"}, {State: sandbox.Skipped, SkipReason: "spinning"}, {State: sandbox.Running},
		},
		[]string{"found skipped", "skipped skipped no_state", "skipped skipped spinning", "exited", "gone"},
	},
	"passive": {
		true,
		[]sandbox.Status{{State: sandbox.Running, SkipReason: "passive"}},
		[]string{"found running", "skipped running passive", "exited", "gone"},
	},
}

func TestTransitionsBecomeEvents(t *testing.T) {
	for name, test := range eventCases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, events := newEventHarness(t)
				stop := h.start(t)
				time.Sleep(testInterval)
				s := newFake("a")
				s.identity.Created = time.Now()
				if test.old {
					s.identity.Created = h.started.Add(-time.Hour)
				}
				for i, status := range test.statuses {
					s.status.Store(status)
					if i == 0 {
						h.runtime.add(s)
					}
					time.Sleep(2 * testInterval)
				}
				h.runtime.remove(s)
				time.Sleep(testInterval)
				assert.Equal(t, test.want, events.of("a"))
				stop()
				assert.Equal(t, test.want, events.of("a"), "shutdown is not an event")
			})
		})
	}
}

func TestUnresponsiveSandboxHasOneEvent(t *testing.T) {
	for _, delay := range []time.Duration{-1, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			h, events := newEventHarness(t)
			stop := h.start(t)
			s, hung := hanging("a")
			s.delay = delay
			s.identity.Created = h.started.Add(-time.Hour)
			h.add([]*fakeSandbox{s, newFake("b")})
			time.Sleep(2 * testInterval)
			hung.Store(true)
			time.Sleep(2 * testInterval)
			assert.Equal(t, []string{"found running", "unresponsive"}, events.of("a"))
			time.Sleep(10 * time.Minute)
			assert.Equal(t, []string{"found running", "unresponsive"}, events.of("a"), "one event")
			hung.Store(false)
			time.Sleep(2 * h.limits.maxBackOff)
			assert.Equal(t, []string{"found running", "unresponsive", "recovered"}, events.of("a"))
			assert.Equal(t, []string{"found running"}, events.of("b"))
			stop()
			for _, e := range events.events {
				if e.Name == lifecycle.Recovered {
					assert.Greater(t, e.Duration, 10*time.Minute)
				}
			}
		})
	}
}

// TestUnresponsiveSandboxExits checks that a sandbox that ends while it hangs has not
// recovered.
func TestUnresponsiveSandboxExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, events := newEventHarness(t)
		stop := h.start(t)
		s, hung := hanging("a")
		hung.Store(true)
		h.runtime.add(s)
		time.Sleep(2 * testInterval)
		s.setState(sandbox.Stopped)
		time.Sleep(2 * h.limits.maxBackOff)
		h.runtime.remove(s)
		time.Sleep(testInterval)
		assert.Equal(t, []string{"found running", "unresponsive", "exited", "gone"}, events.of("a"))
		stop()
	})
}

func TestViolationsBecomeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, events := newEventHarness(t)
		one := &target{sandbox: newFake("a")}
		for i, step := range []struct {
			err  error
			want int
		}{
			{nil, 0},
			{violation{"stale", ""}, 1},
			{violation{"stale", ""}, 1},
			{sandbox.Failf(sandbox.Unreachable, "gone"), 1},
			{sandbox.Fail(sandbox.Rejected, violation{"type", "opens"}), 2},
			{violation{"type", "reads"}, 3},
			{nil, 3},
			{violation{"type", "reads"}, 4},
			{errors.New("not a violation"), 4},
			{violation{"type", strings.Repeat("é", 1000)}, 5},
			{violation{"type", strings.Repeat("é", 2000)}, 5},
		} {
			h.recordViolation(one, step.err)
			assert.Len(t, events.events, step.want, "step %d", i)
		}
		assert.Equal(t, "verification_failed type opens", events.of("a")[1])
		last := events.events[4]
		assert.Len(t, last.Metric, maxViolationText)
		h.recordViolation(one, violation{"type", "a" + strings.Repeat("é", 1000)})
		assert.Equal(t, "a"+strings.Repeat("é", maxViolationText/2-1), events.events[5].Metric, "no part of a character")
		require.NoError(t, h.self.Shutdown(t.Context()))
	})
}

func TestCheckpointsBecomeEvents(t *testing.T) {
	for _, delay := range []time.Duration{-1, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			h, events := newEventHarness(t)
			stop := h.start(t)
			s := newFake("a")
			s.delay = delay
			before := sandbox.Checkpoint{Restored: true, Started: h.started.Add(-time.Hour)}
			s.checkpoint.Store(before)
			h.runtime.add(s)
			time.Sleep(2 * testInterval)
			assert.Equal(t, []string{"found running"}, events.of("a"), "what was before is not an event")
			before.Checkpointed = true
			s.checkpoint.Store(before)
			time.Sleep(2 * testInterval)
			restored := sandbox.Checkpoint{Checkpointed: true, Restored: true, Started: time.Now()}
			s.checkpoint.Store(restored)
			time.Sleep(2 * testInterval)
			assert.Equal(t, []string{"found running", "checkpointed", "restored"}, events.of("a"))
			other := newFake("b")
			other.identity.Created = time.Now()
			other.checkpoint.Store(restored)
			h.runtime.add(other)
			time.Sleep(2 * testInterval)
			assert.Equal(t, []string{"found running", "started", "restored"}, events.of("b"))
			stop()
		})
	}
}

func TestSkippedPathsBecomeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, events := newEventHarness(t)
		stop := h.start(t)
		for _, reason := range []string{"busy", "busy", "", "foreign"} {
			h.runtime.actions <- func(o sandbox.Observer) { o.Skipped("/run/runsc/a", reason) }
		}
		synctest.Wait()
		stop()
		require.Len(t, events.events, 2, "what no longer applies is not an event")
		for i, reason := range []string{"busy", "foreign"} {
			assert.Equal(t, &lifecycle.Event{
				Name: lifecycle.Skipped, Time: events.events[i].Time, Runtime: sandbox.RuntimeGVisor,
				Path: "/run/runsc/a", SkipReason: reason,
			}, events.events[i])
		}
	})
}

// TestStateThatLastsCostsNothing checks that what decides about events allocates nothing.
func TestStateThatLastsCostsNothing(t *testing.T) {
	h, _ := newEventHarness(t)
	isolated, ok := h.isolate(newFake("a"))
	require.True(t, ok)
	one := &target{sandbox: isolated, recorded: sandbox.Status{State: sandbox.Running}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		h.recordCheckpoint(one, false)
		h.recordResponse(one, one.recorded)
		h.recordViolation(one, nil)
	}))
	require.NoError(t, h.self.Shutdown(t.Context()))
}

// TestTwoHundredSandboxesThatLiveForSeconds checks that each has all of its events, in
// order.
func TestTwoHundredSandboxesThatLiveForSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, events := newEventHarness(t)
		stop := h.start(t)
		time.Sleep(testInterval)
		all := fleet(200, func(_ int, s *fakeSandbox) { s.identity.Created = time.Now() })
		h.add(all)
		time.Sleep(2 * time.Second)
		for _, s := range all {
			h.runtime.remove(s)
		}
		time.Sleep(testInterval)
		for i := range all {
			assert.Equal(t, []string{"found running", "started", "exited", "gone"}, events.of(fmt.Sprintf("s%03d", i)))
		}
		stop()
	})
}
