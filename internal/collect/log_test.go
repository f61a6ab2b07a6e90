package collect

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestFailuresAreLoggedAgainAfterTheLogInterval lets a sandbox fail in another
// way each time.
func TestFailuresAreLoggedAgainAfterTheLogInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _, stop := newTestScheduler(t, nil)
		one := &target{sandbox: newFake("a")}
		fail := func(outcome sandbox.Outcome) int {
			before := one.health
			one.health.record(outcome, outcome, time.Now(), time.Now())
			h.logChange(one, &before, sandbox.Failf(outcome, "an error"))
			return h.logs.FilterMessage("Failed to pull sandbox metrics").Len()
		}
		assert.Equal(t, 1, fail(sandbox.Timeout))
		assert.Equal(t, 1, fail(sandbox.Timeout), "no change")
		time.Sleep(logInterval - 1)
		assert.Equal(t, 1, fail(sandbox.Rejected), "too soon")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, fail(sandbox.Canceled), "shutdown")
		assert.Equal(t, 1, fail(sandbox.Gone), "the sandbox ended")
		assert.Equal(t, 2, fail(sandbox.Malformed))
		entry := h.logs.All()[1].ContextMap()
		assert.Equal(t, "malformed", entry["error.type"])
		assert.Equal(t, "a", entry["sandbox.id"])
		stop()
	})
}

func TestLoggedErrorIsCutAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, length := range []int{maxLoggedError - 1, maxLoggedError, maxLoggedError + 1} {
			h, _, _, stop := newTestScheduler(t, nil)
			one := &target{sandbox: newFake("a"), health: health{outcome: sandbox.Timeout}}
			text := strings.Repeat("x", length)
			h.logChange(one, &health{}, errors.New(text))
			require.Equal(t, 1, h.logs.Len())
			want := text
			if length > maxLoggedError {
				want = text[:maxLoggedError] + "…"
			}
			assert.Equal(t, want, h.logs.All()[0].ContextMap()["error"])
			stop()
		}
	})
}

// TestShutdownIsNotAFailure checks what is recorded of pulls that end after the
// shutdown began.
func TestShutdownIsNotAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _, stop := newTestScheduler(t, nil)
		canceled, cancel := context.WithCancel(context.Background())
		cancel()
		for _, test := range []struct {
			ctx  context.Context
			err  error
			want sandbox.Outcome
		}{
			{canceled, sandbox.Failf(sandbox.Timeout, "deadline"), sandbox.Canceled},
			{canceled, nil, sandbox.OK},
			{context.Background(), sandbox.Failf(sandbox.Timeout, "deadline"), sandbox.Timeout},
			{context.Background(), nil, sandbox.OK},
		} {
			one := &target{sandbox: newFake("a"), pulled: time.Now()}
			r := sandbox.NewReading()
			h.finishPull(test.ctx, one, r, test.err)
			assert.Equal(t, test.want, one.health.outcome)
			assert.Equal(t, test.want == sandbox.Timeout, one.health.failures > 0)
		}
		stop()
	})
}
