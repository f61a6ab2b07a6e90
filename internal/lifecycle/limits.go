package lifecycle

import "time"

// Limits of a recorder. Sandboxes decide how often they stop responding or send invalid
// metrics, so these events share a rate of their own, and cannot use up that of events
// that only the host can cause.
const (
	// maxHostBurst is the number of events caused by the host that pass at once, and
	// maxHostRate the number per second after that. That is enough for a host with
	// thousands of sandboxes that live for seconds.
	maxHostBurst = 4096
	maxHostRate  = 200
	// maxBehaviorBurst and maxBehaviorRate are those of events caused by sandboxes.
	maxBehaviorBurst = 1024
	maxBehaviorRate  = 20
	// maxSandboxBurst is the number of repeated events of one sandbox that pass at once,
	// and sandboxInterval the time between two of them after that. Events that occur
	// once per sandbox are not limited in this way.
	maxSandboxBurst = 8
	sandboxInterval = time.Minute
	// maxPathEvents is the number of events of one path, and maxPathsEvents that of all
	// paths, within pathInterval.
	maxPathEvents  = 4
	maxPathsEvents = 1000
	pathInterval   = 5 * time.Minute
)

// bucket is a token bucket. It starts full.
type bucket struct {
	burst  float64
	refill time.Duration // the time for one token
	tokens float64
	last   time.Time
}

func newBucket(burst int, refill time.Duration, now time.Time) bucket {
	return bucket{burst: float64(burst), refill: refill, tokens: float64(burst), last: now}
}

// take takes a token and reports whether there was one.
func (b *bucket) take(now time.Time) bool {
	if passed := now.Sub(b.last); passed > 0 {
		b.tokens = min(b.burst, b.tokens+float64(passed)/float64(b.refill))
		b.last = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// class is what an event is limited by.
type class struct {
	// repeated events can occur more than once for a sandbox.
	repeated bool
	// behavior events are caused by sandboxes.
	behavior bool
}

func (n Name) class() class {
	switch n {
	case Unresponsive, Recovered, VerificationFailed:
		return class{repeated: true, behavior: true}
	case Found, Started, Exited, Gone, EventsDropped:
		return class{}
	}
	return class{repeated: true}
}

// paths counts the events of paths. It has one clock for all paths, so that it
// remembers no path for longer than the interval.
type paths struct {
	start  time.Time
	events map[string]int
	total  int
}

// take reports whether another event of a path is within the limits.
func (p *paths) take(path string, now time.Time) bool {
	if p.events == nil || now.Sub(p.start) >= pathInterval {
		*p = paths{start: now, events: map[string]int{}}
	}
	if p.total >= maxPathsEvents || p.events[path] >= maxPathEvents {
		return false
	}
	p.total++
	p.events[path]++
	return true
}
