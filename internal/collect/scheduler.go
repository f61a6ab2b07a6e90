package collect

import (
	"container/heap"
	"context"
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// scheduler decides when each sandbox is pulled. All of it belongs to one
// goroutine.
type scheduler struct {
	c       *Collection
	targets map[sandbox.Sandbox]*target
	// The last pull of proven targets succeeded; that of unproven ones failed, or
	// there was none. They wait in separate queues, because unproven ones can use
	// only part of the limit on pulls in flight and must not hold up the others
	// when that part is used up.
	proven, unproven queue
	// inFlight is the number of turns in progress, and unprovenInFlight that of
	// unproven targets among them.
	inFlight, unprovenInFlight int
	// goneInFlight is the number of turns of sandboxes that are gone.
	goneInFlight int
	// poll is the time until the next check for finished turns.
	poll time.Duration
	// groups are the targets to be pulled together, by lane.
	groups [][]*target
	// due carries turns to idle pullers, finished their targets back.
	due      chan turn
	finished chan *target
	pullers  goroutines
	idle     atomic.Int32
	// deadline is shared by pulls that start now; latest is its time.
	deadline context.Context
	latest   time.Time
	// seen counts all sandboxes so far, by runtime.
	seen map[string]int64
	// report is when the runtimes are reported next.
	report time.Time
	// overdue is the number of readings with runtime metrics that wait for the
	// sink.
	overdue atomic.Int32
}

func newScheduler(c *Collection) *scheduler {
	return &scheduler{
		c:        c,
		targets:  map[sandbox.Sandbox]*target{},
		groups:   make([][]*target, c.settings.Sink.Lanes()),
		due:      make(chan turn),
		finished: make(chan *target, c.limits.inFlight),
		seen:     map[string]int64{},
	}
}

// run schedules until the context ends. Then it waits for the turns in progress
// and closes all sandboxes.
func (s *scheduler) run(ctx context.Context) {
	defer s.close()
	if !wait(ctx, s.c.settings.InitialDelay) {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.report = time.Now()
	for {
		var finished chan *target
		if s.urgent() {
			finished = s.finished
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.c.pending.wake:
		case t := <-finished:
			s.reschedule(ctx, t)
		}
		// Pending changes are about targets as their last turn left them, so
		// finished turns come first.
		s.takeFinished(ctx)
		s.takePending(ctx)
		s.dispatch(ctx)
		timer.Reset(time.Until(s.next()))
	}
}

// wait sleeps and reports whether the context is still valid.
func wait(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// urgent reports whether the scheduler waits for a turn to finish: because a
// limit is reached, or because the sandbox is gone. Otherwise it polls, which
// costs one wake-up for many turns.
func (s *scheduler) urgent() bool {
	return s.inFlight >= s.c.limits.inFlight || s.goneInFlight > 0 ||
		s.unprovenInFlight >= s.c.limits.unproven && s.unproven.Len() > 0
}

// The time between two checks for finished turns is minPoll after turns have
// begun, and doubles with each check that finds none, up to a fraction of the
// interval.
const (
	minPoll          = 10 * time.Millisecond
	pollsPerInterval = 10
)

// takeFinished takes back the targets of finished turns, without waiting.
func (s *scheduler) takeFinished(ctx context.Context) {
	s.poll = min(2*s.poll, s.c.settings.Interval/pollsPerInterval)
	for {
		select {
		case t := <-s.finished:
			s.poll = minPoll
			s.reschedule(ctx, t)
		default:
			return
		}
	}
}

// dispatch starts all turns that are due, as far as the limits allow.
func (s *scheduler) dispatch(ctx context.Context) {
	now := time.Now()
	if !now.Before(s.report) {
		s.reportRuntimes(ctx, now)
		s.report = now.Add(s.c.settings.Interval)
	}
	defer s.startGroups(ctx)
	for s.inFlight < s.c.limits.inFlight {
		if s.startFirst(ctx, &s.proven, now) {
			continue
		}
		if s.unprovenInFlight < s.c.limits.unproven && s.startFirst(ctx, &s.unproven, now) {
			continue
		}
		return
	}
}

// startFirst starts the turn of the first target of a queue, if it is due.
func (s *scheduler) startFirst(ctx context.Context, q *queue, now time.Time) bool {
	if q.Len() == 0 || (*q)[0].due.After(now) {
		return false
	}
	t := (*q)[0]
	if t.isBooting() && now.Before(t.slot) && t.sandbox.Status().State == sandbox.Booting {
		t.due = earlier(t.slot, now.Add(bootPoll))
		heap.Fix(q, 0)
		return true
	}
	if late := now.Sub(t.due); late > s.c.settings.Interval {
		// Missed slots are not made up for.
		s.c.settings.Telemetry.SkippedPulls(
			t.sandbox.Identity().Runtime, telemetry.BehindSchedule, int64(late/s.c.settings.Interval))
	}
	heap.Pop(q)
	t.queue = nil
	switch {
	case q == &s.unproven:
		t.counted = true
		s.unprovenInFlight++
		s.startOne(ctx, t)
	case t.sender == nil:
		s.startOne(ctx, t)
	default:
		s.gather(ctx, t)
	}
	return true
}

// next returns when the scheduler has to wake up if nothing happens before.
func (s *scheduler) next() time.Time {
	next := s.report
	if poll := time.Now().Add(s.poll); s.inFlight > 0 && poll.Before(next) {
		next = poll
	}
	if s.inFlight >= s.c.limits.inFlight {
		// A finished turn wakes the scheduler.
		return next
	}
	if s.proven.Len() > 0 && s.proven[0].due.Before(next) {
		next = s.proven[0].due
	}
	if s.unprovenInFlight < s.c.limits.unproven && s.unproven.Len() > 0 && s.unproven[0].due.Before(next) {
		next = s.unproven[0].due
	}
	return next
}

// close waits for the turns in progress and closes all sandboxes.
func (s *scheduler) close() {
	s.pullers.group.Wait()
	for _, one := range s.c.pending.close() {
		s.c.discard(one)
	}
	for _, t := range s.targets {
		if !t.closed {
			_ = t.sandbox.Close()
		}
	}
}
