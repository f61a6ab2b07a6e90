package collect

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestDurationsAreCountedUpToTheirBounds(t *testing.T) {
	for duration, bucket := range map[time.Duration]int{
		0: 0, time.Millisecond: 0, 2 * time.Millisecond: 1, 3 * time.Millisecond: 2, 4 * time.Millisecond: 2,
		512 * time.Millisecond: 9, 513 * time.Millisecond: 10, time.Hour: 10,
	} {
		var recorded pullStats
		var stats sandbox.Stats
		recorded.record(sandbox.OK, duration)
		recorded.copyTo(&stats)
		want := make([]uint64, len(durationBounds)+1)
		want[bucket] = 1
		assert.Equal(t, want, stats.Durations.Buckets, duration)
	}
}

func TestPullsAndFailuresAreCounted(t *testing.T) {
	var recorded pullStats
	var stats sandbox.Stats
	for _, outcome := range []sandbox.Outcome{sandbox.OK, sandbox.Timeout, sandbox.OK, sandbox.Partial, sandbox.OK} {
		recorded.record(outcome, 1500*time.Microsecond)
	}
	recorded.copyTo(&stats)
	assert.EqualValues(t, 5, stats.Pulls)
	assert.EqualValues(t, 2, stats.Failures)
	assert.EqualValues(t, 5, stats.Durations.Count)
	assert.InDelta(t, 7, stats.Durations.Sum, 0, "whole milliseconds of the sum, not of each pull")
	before := stats.Durations.Buckets
	recorded.record(sandbox.OK, 0)
	assert.EqualValues(t, 5, before[0]+before[1], "a copy must not change")
}
