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

// counted returns the value of a counter of the Collector's standard receiver
// metrics, or of the receiver's own; 0 if it does not exist.
func counted(t *testing.T, h *harness, name string) (total int64) {
	t.Helper()
	metric, err := h.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
		total += point.Value
	}
	return total
}

// checkCounts checks how many points were accepted, refused and dropped.
func checkCounts(t *testing.T, h *harness, accepted, refused, dropped int64) {
	t.Helper()
	assert.Equal(t, accepted, counted(t, h, "otelcol_receiver_accepted_metric_points"), "accepted")
	assert.Equal(t, refused, counted(t, h, "otelcol_receiver_refused_metric_points"), "refused")
	assert.Equal(t, dropped, counted(t, h, "otelcol_receiver_sandbox_dropped_points"), "dropped")
}

var errQueue = errors.New("queue is full")

func TestEachPointIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(errQueue)
		h.deliver(t, newDelivery(5, false, nil), newDelivery(2, true, nil))
		time.Sleep(time.Minute)
		checkCounts(t, h, 0, 5, 0)
		h.next.refuse(nil)
		time.Sleep(2 * retryInterval)
		checkCounts(t, h, 2, 5, 0)
		stop()
	})
}

func TestEndsThatAreGivenUpAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(errQueue)
		h.deliver(t, newDelivery(2, true, nil))
		time.Sleep(maxRefusedAge + 2*retryInterval)
		checkCounts(t, h, 0, 2, 2)
		stop()
	})
}

func TestPermanentlyRefusedEndsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(consumererror.NewPermanent(errors.New("invalid")))
		h.deliver(t, newDelivery(5, false, nil), newDelivery(2, true, nil))
		time.Sleep(time.Minute)
		checkCounts(t, h, 0, 7, 2)
		stop()
	})
}

// TestPointsOmittedByTheNamingAreNotCounted checks that only points that the
// pipeline could have received are counted.
func TestPointsOmittedByTheNamingAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.Prometheus, nil)
		stop := h.start(t)
		h.next.refuse(errQueue)
		d := newDelivery(2, true, nil)
		d.Reading.Add(onlyOTel, sandbox.Int(1))
		h.deliver(t, d)
		time.Sleep(maxRefusedAge + 2*retryInterval)
		checkCounts(t, h, 0, 2, 2)
		stop()
	})
}

// TestShutdownSendsAllRefusedEnds checks that the last batches contain all ends
// that were kept, and that what is refused then is counted.
func TestShutdownSendsAllRefusedEnds(t *testing.T) {
	for _, last := range []error{nil, errQueue} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, sandbox.OTel, func(l *limits) { l.batchPoints = 10 })
			h.Start()
			h.next.refuse(errQueue)
			for range 5 {
				h.deliver(t, newDelivery(10, true, nil))
			}
			time.Sleep(time.Minute)
			checkCounts(t, h, 0, 0, 0)
			h.next.refuse(last)
			require.NoError(t, h.Shutdown(t.Context()))
			if last == nil {
				assert.Equal(t, 50, h.next.ends())
				checkCounts(t, h, 50, 0, 0)
			} else {
				assert.Zero(t, h.next.ends())
				checkCounts(t, h, 0, 50, 50)
			}
			require.NoError(t, h.telemetry.Shutdown(t.Context()))
		})
	}
}
