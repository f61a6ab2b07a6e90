package collect

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pullStats counts the pulls of one runtime's sandboxes.
type pullStats struct {
	mu       sync.Mutex
	pulls    int64
	failures int64
	sum      time.Duration
	buckets  [len(durationBounds) + 1]uint64
}

// durationBounds are upper bounds in milliseconds, the same as kata-monitor's.
var durationBounds = [...]float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}

// runtimeStats holds the statistics by runtime. The map is immutable.
type runtimeStats map[string]*pullStats

func newRuntimeStats(runtimes []sandbox.Runtime) runtimeStats {
	all := runtimeStats{}
	for _, runtime := range runtimes {
		all[runtime.Name()] = &pullStats{}
	}
	return all
}

// record records one pull.
func (s *pullStats) record(outcome sandbox.Outcome, duration time.Duration) {
	milliseconds := float64(duration.Milliseconds())
	bucket := 0
	for bucket < len(durationBounds) && milliseconds > durationBounds[bucket] {
		bucket++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls++
	if outcome != sandbox.OK {
		s.failures++
	}
	s.sum += duration
	s.buckets[bucket]++
}

// copyTo copies the statistics.
func (s *pullStats) copyTo(stats *sandbox.Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Pulls, stats.Failures = s.pulls, s.failures
	stats.Durations = sandbox.Distribution{
		Count:   uint64(s.pulls),
		Sum:     float64(s.sum.Milliseconds()),
		Bounds:  durationBounds[:],
		Buckets: append([]uint64(nil), s.buckets[:]...),
	}
}
