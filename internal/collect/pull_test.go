package collect

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestPartialReadingIsDeliveredAndFailedOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		partial, failed := newFake("partial"), newFake("failed")
		partial.respond = func(ctx context.Context, r *sandbox.Reading) error {
			_ = honest(ctx, r)
			return &sandbox.Failure{Outcome: sandbox.Partial, Err: sandbox.Failf(sandbox.Timeout, "stalled")}
		}
		failed.respond = func(ctx context.Context, r *sandbox.Reading) error {
			_ = honest(ctx, r)
			return sandbox.Failf(sandbox.Rejected, "counter decreased")
		}
		h.add([]*fakeSandbox{partial, failed})
		time.Sleep(testInterval / 2)
		stop()
		assert.Len(t, h.sink.of("partial", "fake.opens"), 1)
		assert.Empty(t, h.sink.of("failed", "fake.opens"))
		assert.Zero(t, h.sink.of("failed", "fake.present")[0].value, "must not count as verified")
		for id, errorType := range map[string]string{"partial": "timeout", "failed": "rejected"} {
			failures := h.sink.of(id, "sandbox.pull.failures")
			require.NotEmpty(t, failures)
			assert.Equal(t, map[string]string{"error.type": errorType}, failures[0].labels)
		}
	})
}

func TestPanicAffectsOnePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s, other := newFake("a"), newFake("b")
		s.respond = func(context.Context, *sandbox.Reading) error { panic("a bug") }
		h.add([]*fakeSandbox{s, other})
		time.Sleep(2 * testInterval)
		synctest.Wait()
		stop()
		assert.NotEmpty(t, h.sink.of("b", "fake.opens"))
		failures := h.sink.of("a", "sandbox.pull.failures")
		assert.Equal(t, map[string]string{"error.type": "internal"}, failures[0].labels)
	})
}

func TestAgeOfTheLastSuccessIsNeverNegative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			err := honest(ctx, r)
			time.Sleep(3 * time.Second)
			return err
		}
		h.runtime.add(s)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		stop()
		ages := h.sink.of("a", "sandbox.last_success.age")
		require.NotEmpty(t, ages)
		for _, age := range ages {
			assert.GreaterOrEqual(t, age.value, 0.0)
		}
	})
}

func TestLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		calls := 0
		fail := failing(sandbox.Rejected, strings.Repeat("long", 10_000))
		s.respond = func(ctx context.Context, r *sandbox.Reading) error {
			if calls++; calls%2 == 0 {
				return honest(ctx, r)
			}
			return fail(ctx, r)
		}
		h.runtime.add(s)
		time.Sleep(4 * time.Minute)
		stop()
		assert.Greater(t, calls, 20)
		assert.Equal(t, 2, h.logs.Len(), "one failure and one recovery")
		for _, entry := range h.logs.All() {
			for _, value := range entry.ContextMap() {
				if text, isText := value.(string); isText {
					assert.Less(t, len(text), 600)
				}
			}
		}
	})
}

func TestInfoIsEmittedFromTimeToTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(testInterval / 4)
		assert.Len(t, h.sink.of("a", "fake.build"), 1, "must be emitted with the first reading")
		time.Sleep(10 * time.Minute)
		emitted := h.sink.of("a", "fake.build")
		assert.InDelta(t, 21, len(emitted), 1)
		for i := range emitted[1:] {
			assert.LessOrEqual(t, emitted[i+1].at.Sub(emitted[i].at), infoInterval+testInterval)
		}
		// What was lost is emitted again.
		h.sink.lose.Store(true)
		time.Sleep(2 * testInterval)
		synctest.Wait()
		h.sink.lose.Store(false)
		time.Sleep(testInterval)
		synctest.Wait()
		assert.Greater(t, len(h.sink.of("a", "fake.build")), len(emitted))
		h.runtime.remove(s)
		time.Sleep(testInterval)
		synctest.Wait()
		stop()
		points := h.sink.of("a", "fake.build")
		assert.True(t, points[len(points)-1].ended)
	})
}
