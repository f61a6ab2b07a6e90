package collect

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// counts returns the last values of a counter about all sandboxes by exit reason, or
// under an empty key.
func (h *harness) counts(name string) map[string]float64 {
	last := map[string]float64{}
	for _, p := range h.sink.of("", name) {
		last[p.labels["sandbox.exit.reason"]] = p.value
	}
	return last
}

// newcomer returns a sandbox that is created now.
func newcomer(id string, reason sandbox.ExitReason) *fakeSandbox {
	s := newFake(id)
	s.identity.Created = time.Now()
	s.exit = sandbox.Exit{Reason: reason, Known: sandbox.ExitLifetime, Lifetime: 2 * time.Second}
	return s
}

// Sandboxes that live for less than an interval are counted and pulled, whether or not
// they are removed at once.
func TestShortLivedSandboxesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		const sandboxes = 200
		for i := range sandboxes {
			s := newcomer(string(rune('A'+i%26))+string(rune('0'+i/26)), sandbox.ExitReasons[i%len(sandbox.ExitReasons)])
			h.runtime.add(s)
			time.AfterFunc(2*time.Second, func() {
				if i%2 == 0 {
					s.changeState(sandbox.Stopped)
				} else {
					h.runtime.remove(s)
				}
				time.Sleep(time.Millisecond)
				assert.Equal(t, int32(1), s.exits.Load(), "the end is noticed immediately")
				assert.Len(t, s.pulled(), 1, "the first pull is immediate")
				h.runtime.remove(s)
			})
			time.Sleep(7 * time.Millisecond)
		}
		time.Sleep(2 * testInterval)
		assert.Equal(t, map[string]float64{"": sandboxes}, h.counts("sandbox.starts"))
		each := float64(sandboxes / len(sandbox.ExitReasons))
		assert.Equal(t, map[string]float64{"completed": each, "killed": each, "oom": each, "removed": each, "unknown": each},
			h.counts("sandbox.exits"))
		synctest.Wait()
		lived := h.lifetimes[sandbox.RuntimeGVisor].lived
		assert.Equal(t, uint64(sandboxes), lived.buckets[1], "a bound belongs to the bucket below it")
		assert.InDelta(t, 2*sandboxes, lived.sum, 1e-9)
		stop()
	})
}

// Sandboxes that are older than the receiver count only when they end, and not at all if
// they had ended before.
func TestOlderSandboxesAreNotStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		ended, old := newFake("ended"), newFake("old")
		ended.setState(sandbox.Stopped)
		old.exit.Reason = "invalid"
		for _, s := range []*fakeSandbox{ended, old} {
			s.identity.Created = time.Now().Add(-time.Hour)
			running := time.Now()
			s.running.Store(&running)
		}
		stop := h.start(t)
		h.add([]*fakeSandbox{ended, old})
		// Not at the time of a report, so that the next one is soon.
		time.Sleep(2 * time.Second)
		h.runtime.remove(old)
		h.runtime.remove(ended)
		time.Sleep(testInterval)
		assert.Equal(t, map[string]float64{"": 0}, h.counts("sandbox.starts"))
		assert.Equal(t, map[string]float64{"completed": 0, "killed": 0, "oom": 0, "removed": 0, "unknown": 1}, h.counts("sandbox.exits"))
		synctest.Wait()
		assert.Zero(t, h.lifetimes[sandbox.RuntimeGVisor].startup.count)
		assert.Zero(t, ended.exits.Load())
		stop()
	})
}

// A sandbox is pulled as soon as it has booted, and its series end as soon as its
// process has.
func TestChangesAreNotLeftToTheNextSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		s := newcomer("a", sandbox.ExitKilled)
		s.setState(sandbox.Booting)
		h.runtime.add(s)
		time.Sleep(300 * time.Millisecond)
		assert.Empty(t, s.pulled())
		running := time.Now()
		s.running.Store(&running)
		s.changeState(sandbox.Running)
		time.Sleep(time.Millisecond)
		require.Len(t, s.pulled(), 1)
		synctest.Wait()
		startup := h.lifetimes[sandbox.RuntimeGVisor].startup
		assert.Equal(t, uint64(1), startup.count)
		assert.InDelta(t, 0.3, startup.sum, 1e-9)

		s.changeState(sandbox.Stopped)
		time.Sleep(20 * time.Millisecond)
		points := h.sink.of("a", "fake.opens")
		assert.True(t, points[len(points)-1].ended)
		time.Sleep(3 * testInterval)
		assert.Len(t, s.pulled(), 1)
		assert.Equal(t, int32(1), s.exits.Load())
		h.runtime.remove(s)
		time.Sleep(testInterval)
		assert.Equal(t, int32(1), s.exits.Load(), "a sandbox ends once")
		stop()
	})
}

// The end of a sandbox during a turn is handled after it.
func TestEndDuringTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		s := newcomer("a", sandbox.ExitKilled)
		s.respond = stalling
		h.runtime.add(s)
		time.Sleep(time.Second)
		s.changeState(sandbox.Stopped)
		time.Sleep(testTimeout + time.Second)
		assert.Equal(t, int32(1), s.exits.Load())
		stop()
	})
}

// Times of files lag behind the clock, but not by much unless it was set.
func TestStartupDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		for _, after := range []time.Duration{time.Second, 0, -maxFileTimeLag, -maxFileTimeLag - 1} {
			s := newcomer(after.String(), sandbox.ExitUnknown)
			running := s.identity.Created.Add(after)
			s.running.Store(&running)
			h.runtime.add(s)
		}
		time.Sleep(time.Second)
		stop()
		startup := h.lifetimes[sandbox.RuntimeGVisor].startup
		assert.Equal(t, uint64(3), startup.count)
		assert.InDelta(t, 1, startup.sum, 1e-9)
	})
}
