package collect

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// tally counts the pulls of one runtime's sandboxes.
type tally struct {
	mu      sync.Mutex
	pulls   int64
	failed  int64
	sum     time.Duration
	buckets [len(durationBounds) + 1]uint64
}

// durationBounds are upper bounds in milliseconds, those of kata-monitor.
var durationBounds = [...]float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}

// tallies holds one tally a runtime. The map never changes after it was made.
type tallies map[string]*tally

func newTallies(runtimes []sandbox.Runtime) tallies {
	all := tallies{}
	for _, runtime := range runtimes {
		all[runtime.Name()] = &tally{}
	}
	return all
}

func (t tallies) of(runtime string) *tally { return t[runtime] }

// pulled counts one pull.
func (t *tally) pulled(outcome sandbox.Outcome, duration time.Duration) {
	milliseconds := float64(duration.Milliseconds())
	bucket := 0
	for bucket < len(durationBounds) && milliseconds > durationBounds[bucket] {
		bucket++
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pulls++
	if outcome != sandbox.OK {
		t.failed++
	}
	t.sum += duration
	t.buckets[bucket]++
}

// fill copies the counts.
func (t *tally) fill(to *sandbox.Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	to.Pulls, to.Failures = t.pulls, t.failed
	to.Durations = sandbox.Distribution{
		Count:   uint64(t.pulls),
		Sum:     float64(t.sum.Milliseconds()),
		Bounds:  durationBounds[:],
		Buckets: append([]uint64(nil), t.buckets[:]...),
	}
}
