package collect

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// scheduler decides when each sandbox is visited. All of it belongs to one
// goroutine.
type scheduler struct {
	c       *Collection
	members map[sandbox.Sandbox]*member
	// proven sandboxes answered when last asked; unproven ones did not, or were
	// never asked. They wait apart, because unproven ones may take only a part
	// of the visits at once, and must not hold up the others when that part is
	// taken.
	proven, unproven queue
	// inFlight visits, and those of unproven sandboxes among them.
	inFlight, unprovenInFlight int
	// goneInFlight are visits of sandboxes that are gone. look is when to look
	// next for finished visits, unless that is urgent.
	goneInFlight int
	look         time.Duration
	// gathered members are to be visited together, by their workers' numbers.
	gathered [][]*member
	// due visits go to visitors that wait; their members come back finished.
	due      chan visit
	finished chan *member
	visitors sync.WaitGroup
	idle     atomic.Int32
	// deadline is what pulls share that begin now, latest when it is.
	deadline context.Context
	latest   time.Time
	seen     map[string]int64
	summary  time.Time
	// late summaries wait for a worker.
	late atomic.Int32
}

func newScheduler(c *Collection) *scheduler {
	return &scheduler{
		c:        c,
		members:  map[sandbox.Sandbox]*member{},
		gathered: make([][]*member, len(c.workers)),
		due:      make(chan visit),
		finished: make(chan *member, c.limits.inFlight),
		seen:     map[string]int64{},
	}
}

// run works until the context ends, and then waits for the visits under way
// and closes all sandboxes.
func (s *scheduler) run(ctx context.Context) {
	defer s.close()
	if !wait(ctx, s.c.settings.InitialDelay) {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.summary = time.Now()
	for {
		var finished chan *member
		if s.urgent() {
			finished = s.finished
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.c.inbox.wake:
		case m := <-finished:
			s.finish(ctx, m)
		}
		// What is said of a sandbox is about its last visit.
		s.takeFinished(ctx)
		s.takeInbox(ctx)
		s.dispatch(ctx)
		timer.Reset(time.Until(s.next()))
	}
}

// wait sleeps, and tells whether the context still lasts.
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

// urgent tells whether the scheduler waits for a visit to finish: because there
// is no place for others, or because the sandbox is gone. Otherwise it is
// enough to look now and then, which costs one wake-up for many visits.
func (s *scheduler) urgent() bool {
	return s.inFlight >= s.c.limits.inFlight || s.goneInFlight > 0 ||
		s.unprovenInFlight >= s.c.limits.unproven && s.unproven.Len() > 0
}

// The time between two looks at what has finished: short after visits have
// begun, and twice as long after each look that finds nothing, up to a part of
// the interval.
const (
	shortestLook    = 10 * time.Millisecond
	looksAnInterval = 10
)

// takeFinished takes in what has finished meanwhile, without waiting.
func (s *scheduler) takeFinished(ctx context.Context) {
	s.look = min(2*s.look, s.c.settings.Interval/looksAnInterval)
	for {
		select {
		case m := <-s.finished:
			s.look = shortestLook
			s.finish(ctx, m)
		default:
			return
		}
	}
}

// takeInbox takes in what others had to say.
func (s *scheduler) takeInbox(ctx context.Context) {
	added, gone, refused := s.c.inbox.take()
	now := time.Now()
	for _, one := range added {
		s.add(one, now)
	}
	for _, one := range gone {
		s.remove(ctx, one)
	}
	for _, m := range refused {
		s.repull(m, now)
	}
	if soon := now.Add(summaryDelay); len(added)+len(gone) > 0 && soon.Before(s.summary) {
		s.summary = soon
	}
}

// summaryDelay is how long after a sandbox came or went the counts are told
// anew: not at once, since they seldom come alone.
const summaryDelay = time.Second

// add takes a new sandbox in. Its first visit is due at once.
func (s *scheduler) add(one sandbox.Sandbox, now time.Time) {
	if s.members[one] != nil {
		return
	}
	id := one.Identity()
	hash := hashOf(id)
	m := &member{
		sandbox: one,
		worker:  s.c.workers[hash>>32%uint64(len(s.c.workers))],
		phase:   phaseOf(hash, s.c.settings.Interval),
		watched: now,
		due:     now,
	}
	s.members[one] = m
	s.seen[id.Runtime]++
	s.push(m)
}

// remove lets a sandbox go that is no more: after the visit under way, or now.
func (s *scheduler) remove(ctx context.Context, one sandbox.Sandbox) {
	m := s.members[one]
	if m == nil || m.gone {
		return
	}
	m.gone = true
	if m.heap == nil {
		s.goneInFlight++
		return
	}
	heap.Remove(m.heap, m.place)
	m.heap = nil
	s.visit(ctx, m)
}

// repull brings the next visit of a sandbox forward whose points the pipeline
// refused.
func (s *scheduler) repull(m *member, now time.Time) {
	if m.heap == nil || m.gone {
		return
	}
	earliest := now.Add(s.c.settings.Interval / 3)
	if again := m.began.Add(m.sandbox.Pace()); again.After(earliest) {
		earliest = again
	}
	if earliest.Before(m.due) {
		m.due = earliest
		heap.Fix(m.heap, m.place)
	}
}

// push puts a member in the heap where it waits for its next visit.
func (s *scheduler) push(m *member) {
	m.heap = &s.unproven
	if m.proven() {
		m.heap = &s.proven
	}
	heap.Push(m.heap, m)
}

// dispatch starts all visits that are due and for which there is a place.
func (s *scheduler) dispatch(ctx context.Context) {
	now := time.Now()
	if !now.Before(s.summary) {
		s.summarize(ctx, now)
		s.summary = now.Add(s.c.settings.Interval)
	}
	defer s.startGathered(ctx)
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

// startFirst starts the visit of the first member of a heap, if it is due.
func (s *scheduler) startFirst(ctx context.Context, q *queue, now time.Time) bool {
	if q.Len() == 0 || (*q)[0].due.After(now) {
		return false
	}
	m := (*q)[0]
	if m.reported == sandbox.Booting && now.Before(m.slot) && m.sandbox.State() == sandbox.Booting {
		m.due = earlier(m.slot, now.Add(bootingLook))
		heap.Fix(q, 0)
		return true
	}
	if late := now.Sub(m.due); late > s.c.settings.Interval {
		// Whatever held it up, missed slots are not made up for.
		s.c.telemetry.skipped(m.sandbox.Identity().Runtime, skippedBehind, int64(late/s.c.settings.Interval))
	}
	heap.Pop(q)
	m.heap = nil
	if q == &s.proven {
		s.gather(ctx, m)
		return true
	}
	m.counted = true
	s.unprovenInFlight++
	s.visit(ctx, m)
	return true
}

// finish takes a member back after a visit.
func (s *scheduler) finish(ctx context.Context, m *member) {
	s.inFlight--
	if m.counted {
		m.counted = false
		s.unprovenInFlight--
	}
	if m.gone {
		s.goneInFlight--
		if m.closed {
			delete(s.members, m.sandbox)
			return
		}
		s.visit(ctx, m)
		return
	}
	m.slot = s.nextVisit(m)
	m.due = m.slot
	if m.reported == sandbox.Booting {
		m.due = earlier(m.slot, time.Now().Add(bootingLook))
	}
	s.push(m)
}

// bootingLook is how often to look whether a sandbox has booted, so that its
// first pull need not wait for its slot.
const bootingLook = time.Second

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// nextVisit is the first slot at the member's phase that is not too soon: the
// first visit, and those brought forward, are out of phase, and the sandbox may
// ask for a pace.
func (s *scheduler) nextVisit(m *member) time.Time {
	interval := s.c.settings.Interval
	earliest := m.visited.Add(interval / 2)
	if now := time.Now(); now.After(earliest) {
		earliest = now
	}
	slot := nextSlot(earliest, m.phase, interval)
	again := m.began.Add(m.sandbox.Pace())
	switch late := again.Sub(slot); {
	case late <= 0:
		return slot
	case late <= interval/10:
		// A pace of just the interval would else cost every second slot,
		// because pulls begin a little after their slot. The phase moves along.
		m.phase = time.Duration(again.UnixNano() % int64(interval))
		return again
	}
	return nextSlot(again, m.phase, interval)
}

// next is when the scheduler has to look again, if nothing happens before.
func (s *scheduler) next() time.Time {
	next := s.summary
	if look := time.Now().Add(s.look); s.inFlight > 0 && look.Before(next) {
		next = look
	}
	if s.inFlight >= s.c.limits.inFlight {
		// A finished visit wakes the scheduler.
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

// close waits for the visits under way and closes all sandboxes.
func (s *scheduler) close() {
	s.visitors.Wait()
	added, _, _ := s.c.inbox.take()
	for _, one := range added {
		_ = one.Close()
	}
	for one, m := range s.members {
		if !m.closed {
			_ = one.Close()
		}
	}
}
