package collect

import (
	"math/rand/v2"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// paceFactor is how much longer than its pace a sandbox is left alone after its
// first failure. A sandbox that asks for a pace can be burdened by pulls: a
// Kata shim that stalled may be spinning, and each further request would leave
// one more thread spinning with it.
const paceFactor = 6

// backOff is how long to wait after the start of a failed pull before the next
// one, given how many failed in a row. It doubles with each failure, up to the
// limit, and is spread by ± 1/8, so that sandboxes that failed together do not
// come back together.
func backOff(outcome sandbox.Outcome, failures int, interval, pace, limit time.Duration) time.Duration {
	if failures == 0 || !outcome.ShouldBackOff() {
		return 0
	}
	wait := max(interval, paceFactor*pace)
	if failures == 1 && pace == 0 {
		// One failure may be chance: try again in the next interval.
		return 0
	}
	limit = max(limit, wait)
	for range failures - 1 {
		wait = min(2*wait, limit)
		if wait == limit {
			break
		}
	}
	spread := int64(wait / 8)
	return wait + time.Duration(rand.Int64N(2*spread+1)-spread)
}
