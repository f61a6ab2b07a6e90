package simulate

import (
	"sync"
	"sync/atomic"
	"time"
)

// Load summarizes the requests that one sandbox has received so far.
type Load struct {
	// Calls counts the requests that were read completely.
	Calls int64
	// Forbidden counts those of the calls that no receiver may send: other
	// methods, other paths.
	Forbidden int64
	// MaxInFlight is the largest number of calls in flight at the same time.
	MaxInFlight int64
	// MinGap is the shortest time between the starts of two calls, 0 before the
	// second call.
	MinGap time.Duration
	// Connections is the number of connections that are currently open.
	Connections int
}

// LoadCounter counts the requests to one sandbox.
type LoadCounter struct {
	calls       atomic.Int64
	forbidden   atomic.Int64
	inFlight    atomic.Int64
	maxInFlight atomic.Int64

	mu     sync.Mutex
	last   time.Time
	minGap time.Duration
}

// Call is a request that is in flight.
type Call struct {
	counter *LoadCounter
	ended   bool
}

// Begin counts a call that starts now.
func (l *LoadCounter) Begin(now time.Time) Call {
	l.calls.Add(1)
	current := l.inFlight.Add(1)
	for highest := l.maxInFlight.Load(); current > highest && !l.maxInFlight.CompareAndSwap(highest, current); {
		highest = l.maxInFlight.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last.IsZero() {
		if gap := now.Sub(l.last); l.minGap == 0 || gap < l.minGap {
			l.minGap = gap
		}
	}
	l.last = now
	return Call{counter: l}
}

// End records that the call is no longer in flight; only the first End counts.
// An honest sandbox calls it before it sends the last byte, because the client
// may send its next request before the goroutine that wrote the byte continues.
func (c *Call) End() {
	if !c.ended {
		c.ended = true
		c.counter.inFlight.Add(-1)
	}
}

// AddForbidden counts a call as one that no receiver may send.
func (l *LoadCounter) AddForbidden() { l.forbidden.Add(1) }

// Calls returns the number of calls that have begun.
func (l *LoadCounter) Calls() int64 { return l.calls.Load() }

// Load returns the counts together with the number of open connections.
func (l *LoadCounter) Load(connections int) Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Load{
		Calls: l.calls.Load(), Forbidden: l.forbidden.Load(), MaxInFlight: l.maxInFlight.Load(),
		MinGap: l.minGap, Connections: connections,
	}
}
