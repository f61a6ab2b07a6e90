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
		"now":                         {at(7), 7 * time.Second, at(7)},
		"phase zero":                  {at(0.5), 0, at(10)},
		"right before the phase":      {at(6.999999999), 7 * time.Second, at(7)},
		"phase at the interval's end": {at(9.5), 10*time.Second - 1, at(10).Add(-1)},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, nextSlot(test.earliest, test.phase, 10*time.Second))
		})
	}
}

func TestPhasesAreSpreadAndStable(t *testing.T) {
	var counts [minSlots]int
	for _, s := range fleet(1000, nil) {
		hash := hashOf(s.Identity())
		assert.Equal(t, hash, hashOf(s.Identity()))
		phase := phaseOf(hash, testInterval)
		counts[phase*minSlots/testInterval]++
	}
	for i, count := range counts {
		// 200 are expected in each; six standard deviations are 76.
		assert.InDelta(t, 200, count, 76, "fifth %d of the interval", i)
	}
}

func TestSlotsAreAtMostTwoSecondsApart(t *testing.T) {
	for interval, slots := range map[time.Duration]int{
		time.Second: minSlots, 10 * time.Second: 5, 12 * time.Second: 6, 13 * time.Second: 7, time.Minute: 30,
	} {
		phases := map[time.Duration]bool{}
		for hash := range uint64(1000) {
			phase := phaseOf(hash, interval)
			assert.True(t, 0 <= phase && phase < interval)
			phases[phase] = true
		}
		assert.Len(t, phases, slots, interval)
	}
}

func TestHashDistinguishesIdentities(t *testing.T) {
	base := sandbox.Identity{Runtime: "gvisor", Root: "/a", ID: "b", Iteration: "c"}
	for name, other := range map[string]sandbox.Identity{
		"runtime":   {Runtime: "kata", Root: "/a", ID: "b", Iteration: "c"},
		"root":      {Runtime: "gvisor", Root: "/b", ID: "b", Iteration: "c"},
		"id":        {Runtime: "gvisor", Root: "/a", ID: "c", Iteration: "c"},
		"iteration": {Runtime: "gvisor", Root: "/a", ID: "b", Iteration: "d"},
		"shifted":   {Runtime: "gvisor", Root: "/ab", ID: "", Iteration: "c"},
	} {
		assert.NotEqual(t, hashOf(&base), hashOf(&other), name)
	}
}
