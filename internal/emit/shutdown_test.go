package emit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// hangingPipeline ignores that its context ends until resume is closed.
type hangingPipeline struct {
	resume chan struct{}
	calls  int
}

func (p *hangingPipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *hangingPipeline) ConsumeMetrics(context.Context, pmetric.Metrics) error {
	p.calls++
	<-p.resume
	return nil
}

func TestPipelineThatHangsDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, func(l *limits) { l.workers = 1 })
		pipeline := &hangingPipeline{resume: make(chan struct{})}
		h.settings.Next = pipeline
		h.Start()
		// The worker has a batch beyond the one that it sends.
		source := &fakeSource{}
		h.deliver(t, newDelivery(8000, false, source), newDelivery(8000, true, source), newDelivery(8000, false, source))
		synctest.Wait()
		require.Equal(t, 1, pipeline.calls)

		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := h.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "send remaining metrics: the pipeline does not return")
		assert.Equal(t, 3*time.Second, time.Since(began))
		require.NoError(t, h.telemetry.Shutdown(context.Background()))

		h.deliver(t, newDelivery(1, false, nil)) // must neither block nor panic
		close(pipeline.resume)
		synctest.Wait()
		h.deliver(t, newDelivery(1, false, nil))
		assert.Equal(t, 1, pipeline.calls, "the pipeline has stopped and must not be called anymore")
		assert.Empty(t, h.reported())
		assert.Zero(t, source.lost.Load())
	})
}

// TestCanceledPipelineReturnsInTime covers a context that ends before the time that
// the last batches may take: a pipeline that returns when it is canceled is no error.
func TestCanceledPipelineReturnsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		h.next.block = true
		h.Start()
		h.deliver(t, newDelivery(1, false, nil))
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), defaultLimits.drain/2)
		defer cancel()
		require.NoError(t, h.Shutdown(ctx))
		assert.Less(t, time.Since(began), defaultLimits.drain/2)
		require.NoError(t, h.telemetry.Shutdown(context.Background()))
	})
}
