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

func TestPulledStates(t *testing.T) {
	for state, pulled := range map[sandbox.State]bool{
		sandbox.Running: true, sandbox.Skipped: true, sandbox.Unknown: true, sandbox.Created: true, sandbox.Paused: true,
		sandbox.Booting: false, sandbox.Stopped: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			stop := h.start(t)
			s := newFake("a")
			s.setState(state)
			h.runtime.add(s)
			time.Sleep(testInterval)
			stop()
			assert.Equal(t, pulled, len(s.pulled()) > 0, state)
			assert.NotEmpty(t, h.sink.of("a", "sandbox.state"), state)
		})
	}
}

func TestSkipReasonIsAnAttributeOfTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.status.Store(sandbox.Status{State: sandbox.Skipped, SkipReason: "no_state"})
		h.runtime.add(s)
		time.Sleep(testInterval / 2)
		skipped := map[string]string{"sandbox.state": "skipped", "sandbox.skip_reason": "no_state"}
		require.NotEmpty(t, h.sink.of("a", "sandbox.state"))
		assert.Equal(t, skipped, h.sink.of("a", "sandbox.state")[0].labels)

		s.status.Store(sandbox.Status{State: sandbox.Skipped, SkipReason: "unsafe_hypervisor"})
		time.Sleep(testInterval)
		synctest.Wait()
		stop()
		points := h.sink.of("a", "sandbox.state")
		ended := slices.IndexFunc(points, func(p point) bool { return p.ended })
		require.GreaterOrEqual(t, ended, 0, "another reason ends the series of the first")
		assert.Equal(t, skipped, points[ended].labels)
		assert.Equal(t, "unsafe_hypervisor", points[len(points)-1].labels["sandbox.skip_reason"])
	})
}

func TestStoppedSandboxEndsItsSeriesAndKeepsItsState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		s.setState(sandbox.Stopped)
		pulls := len(s.pulled())
		time.Sleep(3 * testInterval)
		synctest.Wait()
		stop()
		assert.Len(t, s.pulled(), pulls)
		points := h.sink.of("a", "fake.opens")
		assert.True(t, points[len(points)-1].ended)
		states := h.sink.of("a", "sandbox.state")
		assert.Equal(t, map[string]string{"sandbox.state": "stopped"}, states[len(states)-1].labels)
		assert.False(t, states[len(states)-1].ended)
		ended := slices.IndexFunc(states, func(p point) bool { return p.ended })
		assert.Equal(t, map[string]string{"sandbox.state": "running"}, states[ended].labels)
		responsive := h.sink.of("a", "sandbox.responsive")
		assert.True(t, responsive[len(responsive)-1].ended)
	})
}

func TestBootedSandboxIsPulledSoonAndItsOldStateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.setState(sandbox.Booting)
		h.runtime.add(s)
		time.Sleep(testInterval + testInterval/4)
		assert.LessOrEqual(t, len(h.sink.of("a", "fake.present")), 2, "polling must not deliver anything")
		booted := time.Now()
		s.setState(sandbox.Running)
		time.Sleep(testInterval / 2)
		stop()
		require.NotEmpty(t, s.pulled())
		assert.LessOrEqual(t, s.pulled()[0].Sub(booted), bootPoll)
		var ended []string
		for _, p := range h.sink.of("a", "sandbox.state") {
			if p.ended {
				ended = append(ended, p.labels["sandbox.state"])
			}
		}
		assert.Equal(t, []string{"booting"}, ended)
	})
}

func TestEndOfASandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(testInterval)
		synctest.Wait()
		h.runtime.remove(s)
		h.runtime.remove(s)
		time.Sleep(testInterval)
		synctest.Wait()
		assert.EqualValues(t, 1, s.closed.Load())
		pulls := len(s.pulled())
		time.Sleep(3 * testInterval)
		synctest.Wait()
		assert.Len(t, s.pulled(), pulls, "pulled after its end")
		stop()
		for _, name := range []string{
			"fake.opens", "fake.present", "fake.build",
			"sandbox.state", "sandbox.responsive", "sandbox.pull.duration", "sandbox.last_success.age",
		} {
			points := h.sink.of("a", name)
			require.NotEmpty(t, points, name)
			ended := slices.IndexFunc(points, func(p point) bool { return p.ended })
			assert.Equal(t, len(points)-1, ended, "%s must end exactly once, with nothing after it", name)
		}
		assert.EqualValues(t, 1, s.closed.Load())
	})
}

func TestEndDuringAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			time.Sleep(2 * time.Second)
			return honest(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(time.Second)
		h.runtime.remove(s)
		time.Sleep(time.Second / 2)
		assert.Zero(t, s.closed.Load(), "closed during a pull")
		time.Sleep(4 * time.Second)
		assert.EqualValues(t, 1, s.closed.Load())
		stop()
		points := h.sink.of("a", "fake.opens")
		require.Len(t, points, 2)
		assert.True(t, points[1].ended)
	})
}

// TestEndOfOnePartOfASandbox ends the series of one container while the sandbox and
// another container go on.
func TestEndOfOnePartOfASandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("pod")
		web, db := &sandbox.Identity{Runtime: "gvisor", ID: "web"}, &sandbox.Identity{Runtime: "gvisor", ID: "db"}
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			r.Resource(web)
			r.Add(opens, sandbox.Int(1))
			switch len(s.pulled()) {
			case 1:
				r.Resource(db)
				r.Add(opens, sandbox.Int(2))
			case 2:
				r.EndResource(db)
				r.Add(opens, sandbox.Int(0))
			}
			r.Resource(nil)
			return honest(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(3 * testInterval)
		synctest.Wait()
		require.GreaterOrEqual(t, len(s.pulled()), 3)
		ends := h.sink.of("db", "fake.opens")
		require.Len(t, ends, 2)
		assert.True(t, ends[1].ended)
		for _, id := range []string{"web", "pod"} {
			points := h.sink.of(id, "fake.opens")
			assert.Len(t, points, len(s.pulled()), id)
			for _, p := range points {
				assert.False(t, p.ended, id)
			}
		}
		assert.NotEmpty(t, h.sink.of("pod", "sandbox.state"), "the receiver's metrics belong to the sandbox")
		stop()
	})
}
