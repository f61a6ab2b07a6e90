package collect

import (
	"math/rand/v2"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// infoInterval is the approximate time between two points of an info family.
// Prometheus considers a series stale after five minutes, its exporter after
// metric_expiration, typically a minute.
const infoInterval = 30 * time.Second

// emitInfo makes a reading emit its info families if they are due. The first
// interval has a random length, so that sandboxes that were discovered together do
// not all emit them together from then on.
func (c *Collection) emitInfo(t *target, r *sandbox.Reading, verified bool) {
	now := time.Now()
	if lost := t.lost.Swap(false); !lost && now.Before(t.infoDue) {
		return
	}
	r.Info = true
	switch {
	case !verified: // Some are emitted only after a successful pull.
	case t.infoDue.IsZero():
		t.infoDue = now.Add(rand.N(infoInterval))
	default:
		t.infoDue = now.Add(infoInterval - c.settings.Interval/2)
	}
}
