package emit

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestRefusalIsReportedAndEndsAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(errors.New("queue is full"))
		source := &fakeSource{}
		h.deliver(t, newDelivery(1, false, source), newDelivery(2, true, nil))
		time.Sleep(time.Second)
		assert.EqualValues(t, 1, source.repulls.Load())
		h.deliver(t, newDelivery(1, false, source))
		time.Sleep(time.Minute)
		assert.EqualValues(t, 2, source.lost.Load())
		assert.EqualValues(t, 1, source.repulls.Load(), "only the first refusal in a row must cause another pull")
		synctest.Wait()
		require.Len(t, h.reported(), 1)
		require.EqualError(t, h.reported()[0], "queue is full")

		h.next.refuse(nil)
		time.Sleep(2 * retryInterval)
		assert.Equal(t, 2, h.next.ends(), "ends must be sent again")
		synctest.Wait()
		require.Len(t, h.reported(), 2)
		require.NoError(t, h.reported()[1])
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline refuses metrics; they are lost until it accepts metrics again").Len())
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline accepts metrics again").Len())
		stop()
	})
}

func TestPermanentRefusalIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(consumererror.NewPermanent(errors.New("invalid")))
		source := &fakeSource{}
		h.deliver(t, newDelivery(1, false, source), newDelivery(2, true, nil))
		time.Sleep(time.Second)
		h.next.refuse(nil)
		time.Sleep(time.Minute)
		stop()
		assert.EqualValues(t, 1, source.lost.Load())
		assert.Zero(t, source.repulls.Load())
		assert.Zero(t, h.next.ends())
	})
}

func TestRefusedEndsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(errors.New("queue is full"))
		for range 10 {
			h.deliver(t, newDelivery(maxRefusedPoints/4, true, nil))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		assert.LessOrEqual(t, h.workers[0].refused.points, maxRefusedPoints)
		// The empty delivery orders the read above before the next write of the worker.
		h.deliver(t)
		assert.EqualValues(t, 6*maxRefusedPoints/4, droppedPoints(t, h))
		time.Sleep(maxRefusedAge + time.Minute)
		assert.EqualValues(t, 10*maxRefusedPoints/4, droppedPoints(t, h))
		h.next.refuse(nil)
		time.Sleep(time.Minute)
		stop()
		assert.Zero(t, h.next.ends())
	})
}

// droppedPoints returns the number of dropped points in the receiver's own metrics.
func droppedPoints(t *testing.T, h *harness) int64 {
	t.Helper()
	dropped, err := h.telemetry.GetMetric("otelcol_receiver_sandbox_dropped_points")
	require.NoError(t, err)
	points := dropped.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}
