package collect

import (
	"container/heap"
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// reportDelay is the time after which changes of the set of sandboxes are
// reported: delayed, because changes often come in groups.
const reportDelay = time.Second

// takePending applies what runtimes and the sink have reported.
func (s *scheduler) takePending(ctx context.Context) {
	added, gone, lost, late, changed := s.c.pending.take()
	now := time.Now()
	for _, one := range added {
		s.add(one, now)
	}
	for _, one := range gone {
		s.remove(ctx, one)
	}
	for _, t := range lost {
		s.repull(t, now)
	}
	for _, t := range late {
		s.resume(t, now)
	}
	for _, t := range changed {
		s.startSoon(t, now)
	}
	if len(added)+len(gone)+len(changed) > 0 {
		s.reportSoon(now)
	}
}

func (s *scheduler) reportSoon(now time.Time) { s.report = earlier(s.report, now.Add(reportDelay)) }

// add makes a new sandbox a target. Its first turn is due immediately.
func (s *scheduler) add(one sandbox.Sandbox, now time.Time) {
	if s.targets[one] != nil {
		return
	}
	isolated, ok := s.c.isolate(one)
	if !ok {
		_ = isolated.Close()
		return
	}
	id := isolated.Identity()
	hash := hashOf(id)
	sender, _ := isolated.(sandbox.Sender)
	t := &target{
		key:        one,
		sandbox:    isolated,
		sender:     sender,
		pending:    s.c.pending,
		lane:       int(hash >> 32 % uint64(len(s.groups))),
		phase:      phaseOf(hash, s.c.settings.Interval),
		discovered: now,
		due:        now,
	}
	isolated.OnLateResponse(func() { t.pending.lateResponse(t) })
	isolated.OnChange(func() { t.pending.change(t) })
	s.targets[one] = t
	if s.c.isNew(t) {
		s.c.lifetimes[id.Runtime].start()
	}
	s.seen[id.Runtime]++
	s.c.record(t, &lifecycle.Event{Name: lifecycle.Found, State: isolated.Status().State})
	s.push(t)
	s.c.reportPodConflict(id)
}

// remove starts the last turn of a sandbox that is gone: after the turn in
// progress, or now.
func (s *scheduler) remove(ctx context.Context, one sandbox.Sandbox) {
	t := s.targets[one]
	if t == nil || t.gone {
		return
	}
	t.gone = true
	if t.queue == nil {
		s.goneInFlight++
		return
	}
	heap.Remove(t.queue, t.index)
	t.queue = nil
	s.startOne(ctx, t)
}

// repull schedules an earlier turn for a sandbox whose points the sink lost.
func (s *scheduler) repull(t *target, now time.Time) {
	if t.gone {
		return
	}
	if t.queue == nil {
		// The sink may lose the points of a turn before the turn has finished.
		t.lostInTurn = true
		return
	}
	earliest := now.Add(s.c.settings.Interval / 3)
	if again := t.pulled.Add(t.sandbox.MinInterval()); again.After(earliest) {
		earliest = again
	}
	if earliest.Before(t.due) {
		t.due = earliest
		heap.Fix(t.queue, t.index)
	}
}

// resume ends the back-off of a sandbox whose overdue response has arrived. It is
// pulled immediately, but not more often than others, because it may be hostile.
func (s *scheduler) resume(t *target, now time.Time) {
	if t.queue == nil {
		t.responded = true
		return
	}
	t.retry = time.Time{}
	resumed := t.pulled.Add(s.c.settings.Interval)
	if resumed.Before(now) {
		resumed = now
	}
	if resumed.Before(t.due) {
		t.due = resumed
		heap.Fix(t.queue, t.index)
	}
}

// startSoon makes a turn of a sandbox due immediately: it has booted or has ended.
func (s *scheduler) startSoon(t *target, now time.Time) {
	if t.queue == nil {
		t.changedInTurn = true
		return
	}
	if now.Before(t.due) {
		t.due = now
		heap.Fix(t.queue, t.index)
	}
}

// push adds a target to the queue in which it waits for its next turn.
func (s *scheduler) push(t *target) {
	t.queue = &s.unproven
	if t.proven() {
		t.queue = &s.proven
	}
	heap.Push(t.queue, t)
}

// reschedule takes a target back after a turn.
func (s *scheduler) reschedule(ctx context.Context, t *target) {
	s.inFlight--
	if t.counted {
		t.counted = false
		s.unprovenInFlight--
	}
	if t.gone {
		s.goneInFlight--
		if t.closed {
			delete(s.targets, t.key)
			return
		}
		s.startOne(ctx, t)
		return
	}
	s.recordResponsiveness(t)
	t.slot = s.nextTurn(t)
	t.due = t.slot
	if t.isBooting() {
		t.due = earlier(t.slot, time.Now().Add(bootPoll))
	}
	s.push(t)
	if t.lostInTurn {
		t.lostInTurn = false
		s.repull(t, time.Now())
	}
	if t.changedInTurn {
		t.changedInTurn = false
		s.startSoon(t, time.Now())
	}
	if t.responded {
		t.responded = false
		s.resume(t, time.Now())
	}
}

// recordResponsiveness records whether a target is unresponsive after its turn.
func (s *scheduler) recordResponsiveness(t *target) {
	unresponsive := t.reported.State == sandbox.Unresponsive
	if t.unresponsive == unresponsive {
		return
	}
	t.unresponsive = unresponsive
	s.reportSoon(time.Now())
}

// bootPoll is how often to check whether a sandbox has booted, so that its first
// pull does not have to wait for its slot.
const bootPoll = time.Second

func (t *target) isBooting() bool { return t.recorded.State == sandbox.Booting }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// nextTurn returns the first slot at the target's phase that is not too soon.
// The first turn and those that were moved forward are out of phase, and the
// sandbox may have a minimum interval.
func (s *scheduler) nextTurn(t *target) time.Time {
	interval := s.c.settings.Interval
	earliest := t.turned.Add(interval / 2)
	if now := time.Now(); now.After(earliest) {
		earliest = now
	}
	slot := nextSlot(earliest, t.phase, interval)
	again := t.pulled.Add(t.sandbox.MinInterval())
	switch late := again.Sub(slot); {
	case late <= 0:
		return slot
	case late <= interval/10:
		// With a minimum interval equal to the interval, every other slot would be
		// missed, because pulls start a little after their slot. The phase moves
		// along instead.
		t.phase = time.Duration(again.UnixNano() % int64(interval))
		return again
	}
	return nextSlot(again, t.phase, interval)
}
