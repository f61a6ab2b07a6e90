package simulate

import (
	"sync"
	"sync/atomic"
	"time"
)

// load counts what is asked of one sandbox.
type load struct {
	calls    atomic.Int64
	strange  atomic.Int64
	inFlight atomic.Int64
	most     atomic.Int64

	mu       sync.Mutex
	last     time.Time
	shortest time.Duration
}

// flight is a call that is being answered.
type flight struct {
	load   *load
	landed bool
}

// land notes that the call is answered, or given up. An honest answer counts as
// given before its last byte is on the way: who has that may ask again before
// the goroutine that sent it goes on.
func (f *flight) land() {
	if !f.landed {
		f.landed = true
		f.load.inFlight.Add(-1)
	}
}

// begin notes the start of a call.
func (l *load) begin(now time.Time) flight {
	l.calls.Add(1)
	flying := l.inFlight.Add(1)
	for most := l.most.Load(); flying > most && !l.most.CompareAndSwap(most, flying); {
		most = l.most.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last.IsZero() {
		if gap := now.Sub(l.last); l.shortest == 0 || gap < l.shortest {
			l.shortest = gap
		}
	}
	l.last = now
	return flight{load: l}
}

// Load is what has been asked of one sandbox so far.
type Load struct {
	// Calls counts the requests that were read completely.
	Calls int64
	// Strange counts those among them that no receiver may ever send: other
	// methods, other paths.
	Strange int64
	// MostInFlight is how many were being answered at once, at most.
	MostInFlight int64
	// ShortestGap is the shortest time between the starts of two calls, 0
	// before there were two.
	ShortestGap time.Duration
	// Connections is how many are open now.
	Connections int
}

func (l *load) report(connections int) Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Load{
		Calls: l.calls.Load(), Strange: l.strange.Load(), MostInFlight: l.most.Load(),
		ShortestGap: l.shortest, Connections: connections,
	}
}
