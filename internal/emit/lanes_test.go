package emit

import (
	"errors"
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

// TestPipelineAcceptsAgainWhenAllLanesAreAccepted refuses the batches of both
// lanes, which is one problem of one pipeline.
func TestPipelineAcceptsAgainWhenAllLanesAreAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		sources := [2]*fakeSource{{}, {}}
		send := func(lane int) {
			h.Deliver(t.Context(), lane, []sandbox.Delivery{newDelivery(1, false, sources[lane])})
			time.Sleep(2 * defaultLimits.batchAge)
		}
		h.next.refuse(errors.New("queue is full"))
		send(0)
		send(1)
		send(1)
		require.Len(t, h.reported(), 1, "reported once")
		for lane, source := range sources {
			assert.EqualValues(t, 1, source.repulls.Load(), "lane %d", lane)
		}
		h.next.refuse(nil)
		send(1)
		require.Len(t, h.reported(), 1, "lane 0 was refused last")
		send(1)
		send(0)
		require.Len(t, h.reported(), 2)
		require.NoError(t, h.reported()[1])
		send(0)
		assert.Len(t, h.reported(), 2)
		stop()
	})
}

// TestBatchAgeDoesNotDependOnWhenTheLaneWasIdle delivers at several times after
// the last batch.
func TestBatchAgeDoesNotDependOnWhenTheLaneWasIdle(t *testing.T) {
	for _, idle := range []time.Duration{0, 10 * time.Millisecond, 200 * time.Millisecond, 1200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, sandbox.OTel, nil)
			stop := h.start(t)
			h.deliver(t, newDelivery(1, false, nil))
			time.Sleep(defaultLimits.batchAge + idle)
			h.deliver(t, newDelivery(2, false, nil))
			time.Sleep(defaultLimits.batchAge + time.Nanosecond)
			assert.Equal(t, []int{1, 2}, h.next.sizes(), idle)
			stop()
		})
	}
}

// TestFilteredSandboxesAreDropped checks that filters on resource attributes
// leave readings that belong to no sandbox alone.
func TestFilteredSandboxesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		attributes := metadata.DefaultResourceAttributesConfig()
		attributes.SandboxID.MetricsExclude = []filter.Config{{Strict: "a"}}
		h.settings.Converter = pdataconv.New(pdataconv.Settings{Naming: sandbox.OTel, Attributes: attributes})
		stop := h.start(t)
		other, anonymous := newDelivery(2, false, nil), newDelivery(4, false, nil)
		other.Identity = &sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: "b"}
		anonymous.Identity = nil
		h.deliver(t, newDelivery(1, false, nil), other, anonymous)
		stop()
		assert.Equal(t, []int{6}, h.next.sizes())
	})
}
