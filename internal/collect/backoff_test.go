package collect

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestBackOff(t *testing.T) {
	const interval, limit = 10 * time.Second, 5 * time.Minute
	for name, test := range map[string]struct {
		outcome     sandbox.Outcome
		failures    int
		minInterval time.Duration
		want        time.Duration
	}{
		"success":                        {sandbox.OK, 0, 0, 0},
		"first failure may be chance":    {sandbox.Timeout, 1, 0, 0},
		"second failure":                 {sandbox.Timeout, 2, 0, 20 * time.Second},
		"third failure":                  {sandbox.Timeout, 3, 0, 40 * time.Second},
		"many reach the limit":           {sandbox.Oversize, 40, 0, limit},
		"minimum interval: six times":    {sandbox.Timeout, 1, 10 * time.Second, 60 * time.Second},
		"minimum interval, second":       {sandbox.Partial, 2, 10 * time.Second, 120 * time.Second},
		"rejected snapshots cost little": {sandbox.Rejected, 5, 0, 0},
		"not contacted":                  {sandbox.Unsafe, 5, 10 * time.Second, 0},
		"unreachable":                    {sandbox.Unreachable, 2, 0, 20 * time.Second},
		"limit below the first wait":     {sandbox.Timeout, 3, 2 * time.Minute, 12 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			low, high := time.Duration(1<<62), time.Duration(0)
			for range 200 {
				wait := backOff(test.outcome, test.failures, false, interval, test.minInterval, limit)
				low, high = min(low, wait), max(high, wait)
			}
			assert.GreaterOrEqual(t, low, test.want-test.want/8)
			assert.LessOrEqual(t, high, test.want+test.want/8)
			if test.want > 0 {
				assert.NotEqual(t, low, high, "no spread")
			}
		})
	}
}

func TestBackOffTooShortToSpread(t *testing.T) {
	assert.EqualValues(t, 2, backOff(sandbox.Timeout, 2, false, 1, 0, time.Minute))
}

func TestBackOffWhileAwaiting(t *testing.T) {
	const interval, limit = 10 * time.Second, 5 * time.Minute
	for failures := 1; failures < 20; failures++ {
		assert.InDelta(t, limit, backOff(sandbox.Timeout, failures, true, interval, 0, limit), float64(limit/8))
	}
}

func TestFailingSandboxIsPulledLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		var recovered atomic.Bool
		s := newFake("a")
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			if recovered.Load() {
				return honest(ctx, r)
			}
			return sandbox.Failf(sandbox.Unreachable, "connection refused")
		}
		h.runtime.add(s)
		time.Sleep(60 * testInterval)
		synctest.Wait()
		failed := len(s.pulled())
		// 10, 10, 20, 40, 80, 160, then 300 s apart: about eight in 600 s.
		assert.InDelta(t, 8, failed, 2)
		assert.InDelta(t, 60, len(h.sink.of("a", "fake.present")), 2, "info must be delivered in every interval")
		responsive := h.sink.of("a", "sandbox.responsive")
		assert.Zero(t, responsive[len(responsive)-1].value)
		failures := h.sink.of("a", "sandbox.pull.failures")
		assert.InDelta(t, failed, failures[len(failures)-1].value, 1)
		assert.Equal(t, map[string]string{"error.type": "unreachable"}, failures[len(failures)-1].labels)
		assert.Equal(t, 1, h.logs.FilterMessage("Failed to pull sandbox metrics").Len(), "must be logged once")

		recovered.Store(true)
		time.Sleep(40 * testInterval)
		synctest.Wait()
		pulls := s.pulled()
		last := len(pulls) - 1
		assert.Equal(t, testInterval, pulls[last].Sub(pulls[last-1]), "must be pulled in every interval again")
		responsive = h.sink.of("a", "sandbox.responsive")
		assert.EqualValues(t, 1, responsive[len(responsive)-1].value)
		assert.Equal(t, 1, h.logs.FilterMessage("Sandbox metrics are pulled successfully again").Len())
		stop()
	})
}

func TestBackOffIsLongerWithMinInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.settings.Interval, c.settings.Timeout = 4*time.Second, time.Second })
		stop := h.start(t)
		slow, failed := newFake("slow"), newFake("failed")
		slow.minInterval, failed.minInterval = testInterval, testInterval
		failed.respond = stalling
		h.add([]*fakeSandbox{slow, failed})
		time.Sleep(2 * time.Minute)
		stop()
		pulls := slow.pulled()
		for i := range pulls[1:] {
			assert.GreaterOrEqual(t, pulls[i+1].Sub(pulls[i]), testInterval)
		}
		assert.GreaterOrEqual(t, len(pulls), 9)
		pulls = failed.pulled()
		require.GreaterOrEqual(t, len(pulls), 2)
		assert.GreaterOrEqual(t, pulls[1].Sub(pulls[0]), 50*time.Second)
	})
}
