package collect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// hangingRuntime is a runtime whose discovery ignores that its context ends until
// resume is closed. Then it reports as if nothing had happened.
type hangingRuntime struct {
	*fakeRuntime
	resume chan struct{}
	found  *fakeSandbox
}

func (r *hangingRuntime) Watch(_ context.Context, o sandbox.Observer) error {
	<-r.resume
	o.Added(r.found)
	o.Skipped("/x", "busy")
	o.DiscoveryError(errors.New("late"))
	o.Scanned()
	return errors.New("late")
}

func (h *harness) stopTelemetry(t *testing.T) {
	t.Helper()
	h.settings.Telemetry.Shutdown()
	require.NoError(t, h.self.Shutdown(context.Background()))
}

func TestDiscoveryThatHangsDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		hanging := &hangingRuntime{h.runtime, make(chan struct{}), newFake("late")}
		h.settings.Runtimes = []sandbox.Runtime{hanging}
		h.Start()
		synctest.Wait()
		began := time.Now()
		require.NoError(t, h.StopPulls(t.Context()), "discovery that hangs must not affect pulls")
		assert.Zero(t, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := h.StopDiscovery(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "stop sandbox discovery: gvisor still running")
		assert.Equal(t, 2*time.Second, time.Since(began))
		h.stopTelemetry(t)
		logged := h.logs.Len()

		close(hanging.resume)
		synctest.Wait()
		assert.Equal(t, int32(1), hanging.found.closed.Load(), "a sandbox that is found too late must be closed")
		assert.Empty(t, hanging.found.pulled())
		assert.Empty(t, h.errs)
		assert.Equal(t, logged, h.logs.Len())
		require.NoError(t, h.StopDiscovery(t.Context()), "nothing runs anymore")
	})
}

// TestPullThatHangsDoesNotDelayShutdown covers a pull that ignores its context.
func TestPullThatHangsDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		resume := make(chan struct{})
		hanging, other := newFake("hanging"), newFake("other")
		hanging.respond = func(ctx context.Context, r *sandbox.Reading) error {
			<-resume
			return honest(ctx, r)
		}
		h.add([]*fakeSandbox{hanging, other})
		h.Start()
		time.Sleep(time.Second)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := h.StopPulls(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "stop pulls: 1 still running")
		assert.Equal(t, 2*time.Second, time.Since(began))
		require.NoError(t, h.StopDiscovery(ctx), "what has stopped is not an error, even if the context has ended")
		h.stopTelemetry(t)
		assert.Zero(t, hanging.closed.Load(), "a sandbox must not be closed during a pull")

		close(resume)
		synctest.Wait()
		assert.Empty(t, h.sink.of("hanging", "fake.opens"), "nothing must be delivered after the end")
		assert.NotEmpty(t, h.sink.of("other", "fake.opens"))
		for _, s := range []*fakeSandbox{hanging, other} {
			assert.Equal(t, int32(1), s.closed.Load())
		}
	})
}

// stuckRuntime blocks the scheduler itself.
type stuckRuntime struct {
	*fakeRuntime
	resume chan struct{}
}

func (r stuckRuntime) AppendRuntimeMetrics(*sandbox.Reading, sandbox.Stats) { <-r.resume }

func TestSchedulerThatHangsDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stuck := stuckRuntime{h.runtime, make(chan struct{})}
		h.settings.Runtimes = []sandbox.Runtime{stuck}
		h.Start()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, h.StopPulls(ctx), "stop pulls: scheduler still running")
		require.NoError(t, h.StopDiscovery(ctx))
		h.stopTelemetry(t)
		close(stuck.resume)
	})
}
