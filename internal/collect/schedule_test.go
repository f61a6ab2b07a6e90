package collect

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestNextSlotIsTheFirstAtThePhase(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1000, int64(seconds*1e9)) }
	for name, test := range map[string]struct {
		earliest time.Time
		phase    time.Duration
		want     time.Time
	}{
		"later in this interval":      {at(2), 7 * time.Second, at(7)},
		"past, so in the next":        {at(8), 7 * time.Second, at(17)},
		"right now":                   {at(7), 7 * time.Second, at(7)},
		"phase zero":                  {at(0.5), 0, at(10)},
		"just before the phase":       {at(6.999999999), 7 * time.Second, at(7)},
		"phase at the interval's end": {at(9.5), 10*time.Second - 1, at(10).Add(-1)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, nextSlot(test.earliest, test.phase, 10*time.Second))
		})
	}
}

func TestPhasesAreSpreadAndStay(t *testing.T) {
	var counts [fewestSlots]int
	for _, s := range fleet(1000, nil) {
		hash := hashOf(s.Identity())
		assert.Equal(t, hash, hashOf(s.Identity()))
		phase := phaseOf(hash, testInterval)
		counts[phase*fewestSlots/testInterval]++
	}
	for i, count := range counts {
		// 200 are expected in each; six standard deviations are 76.
		assert.InDelta(t, 200, count, 76, "fifth %d of the interval", i)
	}
}

func TestHashTellsIdentitiesApart(t *testing.T) {
	base := sandbox.Identity{Runtime: "gvisor", Place: "/a", ID: "b", Iteration: "c"}
	for name, other := range map[string]sandbox.Identity{
		"runtime":   {Runtime: "kata", Place: "/a", ID: "b", Iteration: "c"},
		"place":     {Runtime: "gvisor", Place: "/b", ID: "b", Iteration: "c"},
		"id":        {Runtime: "gvisor", Place: "/a", ID: "c", Iteration: "c"},
		"iteration": {Runtime: "gvisor", Place: "/a", ID: "b", Iteration: "d"},
		"shifted":   {Runtime: "gvisor", Place: "/ab", ID: "", Iteration: "c"},
	} {
		assert.NotEqual(t, hashOf(&base), hashOf(&other), name)
	}
}

func TestBackOff(t *testing.T) {
	const interval, limit = 10 * time.Second, 5 * time.Minute
	for name, test := range map[string]struct {
		outcome  sandbox.Outcome
		failures int
		pace     time.Duration
		want     time.Duration
	}{
		"success":                       {sandbox.OK, 0, 0, 0},
		"first failure may be chance":   {sandbox.Timeout, 1, 0, 0},
		"second":                        {sandbox.Timeout, 2, 0, 20 * time.Second},
		"third":                         {sandbox.Timeout, 3, 0, 40 * time.Second},
		"many reach the limit":          {sandbox.Oversize, 40, 0, limit},
		"paced: six times, at once":     {sandbox.Timeout, 1, 10 * time.Second, 60 * time.Second},
		"paced: second":                 {sandbox.Partial, 2, 10 * time.Second, 120 * time.Second},
		"a lie is cheap to ask for":     {sandbox.Rejected, 5, 0, 0},
		"not asked at all":              {sandbox.Unsafe, 5, 10 * time.Second, 0},
		"nobody there":                  {sandbox.Unreachable, 2, 0, 20 * time.Second},
		"limit below the first waiting": {sandbox.Timeout, 3, 2 * time.Minute, 12 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			low, high := time.Duration(1<<62), time.Duration(0)
			for range 200 {
				wait := backOff(test.outcome, test.failures, interval, test.pace, limit)
				low, high = min(low, wait), max(high, wait)
			}
			assert.GreaterOrEqual(t, low, test.want-test.want/8)
			assert.LessOrEqual(t, high, test.want+test.want/8)
			if test.want > 0 {
				assert.NotEqual(t, low, high, "no spread")
			}
		})
	}
}
