package emit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestBatchSizeIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, func(l *limits) { l.batchPoints = 50 })
		stop := h.start(t)
		for range 30 {
			h.deliver(t, newDelivery(10, false, nil))
		}
		h.deliver(t, newDelivery(200, false, nil))
		h.deliver(t, newDelivery(10, false, nil))
		stop()
		assert.Equal(t, []int{50, 50, 50, 50, 50, 50, 200, 10}, h.next.sizes(), "only a single large delivery may exceed the limit")
	})
}

func TestBatchIsSentAtItsMaximumAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		h.deliver(t, newDelivery(1, false, nil))
		time.Sleep(defaultLimits.batchAge / 2)
		assert.Empty(t, h.next.sizes())
		time.Sleep(defaultLimits.batchAge)
		assert.Equal(t, []int{1}, h.next.sizes())
		stop()
	})
}

func TestShutdownSendsDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.deliver(t, newDelivery(3, false, nil))
		stop()
		assert.Equal(t, []int{3}, h.next.sizes())
		require.NoError(t, h.Shutdown(context.Background()), "a second call must do nothing")
	})
}

func TestShutdownInterruptsBlockedPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		h.next.block = true
		stop := h.start(t)
		h.deliver(t, newDelivery(1, false, nil))
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.Deliver(ctx, 0, []sandbox.Delivery{newDelivery(1, false, nil)})
		require.Error(t, ctx.Err(), "Deliver must block with the pipeline until its context ends")
		began := time.Now()
		stop()
		assert.Equal(t, defaultLimits.drain, time.Since(began))
	})
}

// TestDeliveriesWithoutPointsAreDropped covers a naming that has none of a sandbox's
// families. The worker must not retain such deliveries, because the batch that would
// release them may never be sent.
func TestDeliveriesWithoutPointsAreDropped(t *testing.T) {
	h := newHarness(t, sandbox.Prometheus, nil)
	w := h.workers[0]
	for _, family := range []*sandbox.Family{onlyOTel, opens} {
		for _, end := range []bool{false, true} {
			d := newDelivery(0, end, &fakeSource{})
			d.Reading.Add(family, sandbox.Int(1))
			w.append(t.Context(), d)
		}
		if family == onlyOTel {
			assert.Empty(t, w.sources)
			assert.Empty(t, w.ends)
		}
	}
	assert.Len(t, w.sources, 1)
	assert.Len(t, w.ends, 1)
	require.NoError(t, h.telemetry.Shutdown(context.Background()))
}

func TestExcludedSandboxIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		attributes := metadata.DefaultResourceAttributesConfig()
		attributes.SandboxID.MetricsExclude = []filter.Config{{Strict: "a"}}
		h.settings.Converter = pdataconv.New(pdataconv.Settings{Naming: sandbox.OTel, Attributes: attributes})
		stop := h.start(t)
		h.deliver(t, newDelivery(3, false, nil), newDelivery(3, true, nil))
		other := newDelivery(2, false, nil)
		other.Identity.ID = "b"
		h.deliver(t, other)
		stop()
		assert.Equal(t, []int{2}, h.next.sizes())
	})
}
