package lifecycle

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reasons for which events are dropped.
const (
	// SandboxLimit: a sandbox or path changes too often.
	SandboxLimit = "sandbox_limit"
	// TotalLimit: there are too many events in total.
	TotalLimit = "total_limit"
	// QueueFull: the pipeline is too slow, or blocks.
	QueueFull = "queue_full"
	// Refused: the pipeline refused the record.
	Refused = "refused"
)

// dropReportDelay is the time from the first dropped event until [EventsDropped]
// reports the number of dropped events.
const dropReportDelay = 30 * time.Second

// Settings of a [Recorder].
type Settings struct {
	Sinks []Sink
	// OnDrop counts dropped events. It may be nil.
	OnDrop func(reason string, events int)
}

// Recorder limits the rate of events and passes them to sinks. What it remembers is
// bounded by the number of sandboxes that exist. It is safe for concurrent use.
type Recorder struct {
	settings Settings

	mu             sync.Mutex
	host, behavior bucket
	paths          paths
	// sandboxes holds the limits of sandboxes that had repeated events.
	sandboxes map[*sandbox.Identity]*sandboxLimit
	// dropped is the number of events to report, by a timer that is nil if there are none.
	dropped int
	timer   *time.Timer
	closed  bool
}

// sandboxLimit is the limit of one sandbox.
type sandboxLimit struct {
	bucket
	// dropped is the number of events that were dropped since the last one that passed.
	dropped int
}

var _ Sink = (*Recorder)(nil)

// NewRecorder returns a recorder.
func NewRecorder(settings Settings) *Recorder {
	if settings.OnDrop == nil {
		settings.OnDrop = func(string, int) {}
	}
	now := time.Now()
	return &Recorder{
		settings:  settings,
		host:      newBucket(maxHostBurst, time.Second/maxHostRate, now),
		behavior:  newBucket(maxBehaviorBurst, time.Second/maxBehaviorRate, now),
		sandboxes: map[*sandbox.Identity]*sandboxLimit{},
	}
}

// Record implements [Sink]. It passes the event to all sinks, unless a limit is reached.
func (r *Recorder) Record(e *Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.Identity != nil {
		e.Runtime = e.Identity.Runtime
	}
	if reason := r.limit(e); reason != "" {
		r.Drop(reason, 1, 1)
		return
	}
	r.pass(e)
}

func (r *Recorder) pass(e *Event) {
	for _, sink := range r.settings.Sinks {
		sink.Record(e)
	}
}

// limit returns why an event is dropped, or an empty reason if it passes.
func (r *Recorder) limit(e *Event) (reason string) {
	now, class := time.Now(), e.Name.class()
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Name == Gone {
		defer delete(r.sandboxes, e.Identity)
	}
	if e.Path != "" {
		// These do not count against the total of others: whoever can create files in a
		// runtime root must not silence sandboxes.
		if !r.paths.take(e.Path, now) {
			return SandboxLimit
		}
		return ""
	}
	limit := r.sandboxes[e.Identity]
	if limit == nil && class.repeated {
		limit = &sandboxLimit{bucket: newBucket(maxSandboxBurst, sandboxInterval, now)}
		r.sandboxes[e.Identity] = limit
	}
	switch total := r.total(class); {
	case class.repeated && !limit.take(now):
		reason = SandboxLimit
	case !total.take(now):
		reason = TotalLimit
	}
	if limit == nil {
		return reason
	}
	if reason != "" {
		limit.dropped++
		return reason
	}
	e.Dropped, limit.dropped = limit.dropped, 0
	return ""
}

// total returns the limit of all events of a class.
func (r *Recorder) total(c class) *bucket {
	if c.behavior {
		return &r.behavior
	}
	return &r.host
}

// Drop counts events that were dropped, for a reason from a closed list. Later, an event
// [EventsDropped] reports that unreported events were dropped: not the same number if
// such an event was dropped itself.
func (r *Recorder) Drop(reason string, events, unreported int) {
	r.settings.OnDrop(reason, events)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped += unreported
	if r.timer == nil && !r.closed {
		r.timer = time.AfterFunc(dropReportDelay, r.reportDropped)
	}
}

// reportDropped reports dropped events.
func (r *Recorder) reportDropped() {
	r.mu.Lock()
	e := &Event{Name: EventsDropped, Time: time.Now(), Dropped: r.dropped}
	r.dropped, r.timer = 0, nil
	closed := r.closed
	r.mu.Unlock()
	if !closed {
		r.pass(e)
	}
}

// Close ends the reports of dropped events.
func (r *Recorder) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
}
