package snapshot

import (
	"bytes"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// stepped returns a time whose wall clock was set by whole seconds while the
// monotonic clock went on. Package time has no function for that, so it changes
// the field in which a time with a monotonic reading keeps its seconds since 1885.
func stepped(t *testing.T, now time.Time, seconds int64) time.Time {
	t.Helper()
	step := time.Duration(seconds) * time.Second
	result := now
	*(*uint64)(unsafe.Pointer(&result)) += uint64(seconds) << 30
	require.Equal(t, step, result.Round(0).Sub(now.Round(0)), "wall clock")
	require.Zero(t, result.Sub(now), "monotonic clock")
	return result
}

// pulls reads snapshots with a wall clock that is set now and then. Times have
// monotonic readings, which they have not in package synctest.
type pulls struct {
	*Verifier
	now    time.Time
	offset int64 // of the wall clock, in seconds
}

func newPulls(t *testing.T) *pulls {
	t.Helper()
	return &pulls{Verifier: NewVerifier(testRegistration(t), Settings{}), now: time.Now()}
}

func (p *pulls) wait(duration time.Duration) { p.now = p.now.Add(duration) }

// read reads a snapshot of this age.
func (p *pulls) read(t *testing.T, age time.Duration) Rule {
	t.Helper()
	now := stepped(t, p.now, p.offset)
	text := newResponse(p.reg, now.Add(-age)).String()
	err := p.Read(bytes.NewReader([]byte(text)), 1<<20, func() time.Time { return now }, &sandbox.Reading{})
	if err == nil {
		return ""
	}
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	return violation.Rule
}

// TestClockSteps checks that a step of the wall clock loses no snapshot, and that
// old snapshots are rejected before and after it.
func TestClockSteps(t *testing.T) {
	for _, step := range []int64{-3600, -2, 2, 3600} {
		p := newPulls(t)
		for range 3 {
			require.Empty(t, p.read(t, time.Millisecond), "step %d", step)
			p.wait(time.Second)
		}
		p.offset = step
		// The previous snapshot is now 1.001 s old on the monotonic clock. A step
		// forward makes the snapshots from before it older, as gVisor sees them.
		if step < 0 {
			assert.Equal(t, RuleOrder, p.read(t, 1002*time.Millisecond), "replay after step %d", step)
		}
		assert.Equal(t, RuleFuture, p.read(t, -1), "step %d", step)
		assert.Equal(t, RuleStale, p.read(t, maxAge+1), "step %d", step)
		assert.Empty(t, p.read(t, time.Millisecond), "step %d", step)
		p.wait(time.Second)
		assert.Equal(t, RuleOrder, p.read(t, 1002*time.Millisecond), "replay later after step %d", step)
		assert.Empty(t, p.read(t, 1001*time.Millisecond), "same time after step %d", step)
		assert.Empty(t, p.read(t, 0), "step %d", step)
	}
}

// TestClockStepsBackTwice checks steps between which no snapshot was accepted.
func TestClockStepsBackTwice(t *testing.T) {
	p := newPulls(t)
	require.Empty(t, p.read(t, 0))
	for _, p.offset = range []int64{-60, -7200, 0} {
		p.wait(time.Second)
		assert.Equal(t, RuleStale, p.read(t, time.Minute))
	}
	assert.Equal(t, RuleOrder, p.read(t, 3*time.Second+1), "the wall clock is as it was")
	p.offset = -7200
	assert.Empty(t, p.read(t, time.Second))
}

// TestSmallClockStepsAreNotFollowed checks that, unless the clock was set, snapshots
// are compared by their own times alone, as gVisor does.
func TestSmallClockStepsAreNotFollowed(t *testing.T) {
	p := newPulls(t)
	require.Empty(t, p.read(t, 0))
	p.wait(100 * time.Millisecond)
	p.offset = -1
	assert.Equal(t, RuleOrder, p.read(t, 0))
	p.wait(time.Second)
	assert.Empty(t, p.read(t, 0))
}
