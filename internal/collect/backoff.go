package collect

import (
	"math/rand/v2"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// minIntervalFactor is how many times its minimum interval a sandbox is not
// pulled after its first failure. Pulls can burden a sandbox that has a minimum
// interval: a Kata shim that stalled may be spinning, and each further request
// would leave one more thread spinning.
const minIntervalFactor = 6

// backOff returns the time between the start of a failed pull and the next one,
// given the number of consecutive failures. It doubles with each failure, up to
// the limit, and is spread by ± 1/8, so that sandboxes that failed together are
// not pulled together again. 0 means the next interval. If the response is still
// awaited, a further request is sent only after the limit, in case the sandbox has lost
// the last one.
func backOff(outcome sandbox.Outcome, failures int, awaiting bool, interval, minInterval, limit time.Duration) time.Duration {
	if failures == 0 || !outcome.ShouldBackOff() {
		return 0
	}
	wait := max(interval, minIntervalFactor*minInterval)
	if failures == 1 && minInterval == 0 && !awaiting {
		// A single failure may be chance: retry in the next interval.
		return 0
	}
	limit = max(limit, wait)
	if awaiting {
		wait = limit
	}
	for range failures - 1 {
		wait = min(2*wait, limit)
		if wait == limit {
			break
		}
	}
	spread := int64(wait / 8)
	return wait + time.Duration(rand.Int64N(2*spread+1)-spread)
}
