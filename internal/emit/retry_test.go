package emit

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestRefusedEndsAreRetriedOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.next.refuse(errors.New("queue is full"))
		h.deliver(t, newDelivery(2, true, nil))
		time.Sleep(10*retryInterval + retryInterval/2)
		assert.EqualValues(t, 11, h.next.calls.Load(), "the first attempt and ten retries")
		h.next.refuse(nil)
		time.Sleep(10 * retryInterval)
		assert.EqualValues(t, 12, h.next.calls.Load(), "nothing is left to retry")
		assert.Equal(t, 2, h.next.ends())
		stop()
	})
}

func TestRefusedEndsAreRetriedUpToTheirMaximumAge(t *testing.T) {
	for refusedFor, ends := range map[time.Duration]int{maxRefusedAge: 1, maxRefusedAge + retryInterval: 0} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, sandbox.OTel, nil)
			stop := h.start(t)
			h.next.refuse(errors.New("queue is full"))
			h.deliver(t, newDelivery(1, true, nil))
			time.Sleep(defaultLimits.batchAge)
			// The first refusal is now.
			time.Sleep(refusedFor + retryInterval/2)
			h.next.refuse(nil)
			time.Sleep(retryInterval)
			stop()
			assert.Equal(t, ends, h.next.ends(), refusedFor)
		})
	}
}

// TestRefusedEndsThatDoNotFitWaitForAnotherBatch keeps more ends than a batch
// holds.
func TestRefusedEndsThatDoNotFitWaitForAnotherBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, func(l *limits) { l.batchPoints = 10 })
		stop := h.start(t)
		h.next.refuse(errors.New("queue is full"))
		for range 5 {
			h.deliver(t, newDelivery(5, true, nil))
		}
		time.Sleep(3 * retryInterval)
		h.next.refuse(nil)
		time.Sleep(5 * retryInterval)
		assert.Equal(t, []int{10, 10, 5}, h.next.sizes())
		assert.Equal(t, 25, h.next.ends())
		assert.Zero(t, h.workers[0].refused.points)
		stop()
	})
}
