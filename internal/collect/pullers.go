package collect

import (
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// turn is the processing of one or more targets by a puller: one pull of each,
// with the context that ends it in time. The targets belong to the turn until they
// are sent to the scheduler's finished channel.
type turn struct {
	targets []*target
	bounded context.Context
}

// startOne starts the turn of one target.
func (s *scheduler) startOne(ctx context.Context, t *target) {
	s.begin(t)
	s.start(ctx, []*target{t})
}

// gather adds a target to the group of its lane.
func (s *scheduler) gather(ctx context.Context, t *target) {
	s.begin(t)
	group := append(s.groups[t.lane], t)
	if len(group) == maxGroup {
		s.start(ctx, group)
		group = nil
	}
	s.groups[t.lane] = group
}

// startGroups starts the turns of all groups.
func (s *scheduler) startGroups(ctx context.Context) {
	for lane, group := range s.groups {
		if len(group) > 0 {
			s.start(ctx, group)
			s.groups[lane] = nil
		}
	}
}

// begin records that a turn of the target begins.
func (s *scheduler) begin(t *target) {
	s.inFlight++
	if t.gone {
		s.goneInFlight++
	}
	s.poll = minPoll
	t.turned = time.Now()
	t.closed = t.gone
}

func (s *scheduler) start(ctx context.Context, targets []*target) {
	next := turn{targets: targets, bounded: s.bounded(ctx)}
	select {
	case s.due <- next:
		// An idle puller has taken it.
	default:
		s.pullers.run(func() { s.puller(ctx, next) })
	}
}

// Pulls that start within this time, or within this fraction of the timeout,
// share a deadline. Most pulls start together, at a slot, and a context for each
// would be a third of what they allocate.
const (
	maxSharedDeadline = 50 * time.Millisecond
	sharedFraction    = 20
)

// bounded returns a context with the deadline of a pull that starts now.
func (s *scheduler) bounded(ctx context.Context) context.Context {
	deadline := time.Now().Add(s.c.settings.Timeout)
	if s.deadline == nil || deadline.Sub(s.latest) > min(maxSharedDeadline, s.c.settings.Timeout/sharedFraction) {
		var cancel context.CancelFunc
		s.deadline, cancel = context.WithDeadline(ctx, deadline)
		s.latest = deadline
		// It lasts until its deadline, however early its pulls are done.
		context.AfterFunc(s.deadline, cancel)
	}
	return s.deadline
}

// maxIdlePullers is the number of goroutines that may wait for the next turn:
// enough for a slot of a large fleet. They keep the stacks that pulls need.
const maxIdlePullers = 64

// puller performs a turn, and further ones while few enough pullers are idle.
func (s *scheduler) puller(ctx context.Context, next turn) {
	for {
		if len(next.targets) == 1 {
			s.pullOne(ctx, next.bounded, next.targets[0])
		} else {
			s.pullGroup(ctx, next)
		}
		var more bool
		if next, more = s.nextDue(ctx); !more {
			return
		}
	}
}

// nextDue waits for the next turn. It returns false if enough pullers wait
// already.
func (s *scheduler) nextDue(ctx context.Context) (next turn, more bool) {
	defer s.idle.Add(-1)
	if s.idle.Add(1) > maxIdlePullers {
		return turn{}, false
	}
	select {
	case next = <-s.due:
		return next, true
	case <-ctx.Done():
		return turn{}, false
	}
}

// pullOne performs the turn of one target, however long it takes. The sandbox is
// pulled if its state and its back-off allow it, and what is known without a pull
// is delivered in any case. If the sandbox is gone, its series end.
func (s *scheduler) pullOne(ctx, bounded context.Context, t *target) {
	if t.closed {
		s.c.recordGone(t)
		deliveries := s.c.end(t, nil)
		_ = t.sandbox.Close()
		s.finish(ctx, t.lane, deliveries, t)
		return
	}
	deliveries := s.c.recordState(t, nil)
	r := sandbox.NewReading()
	if s.c.shouldPull(t) {
		t.pulled = time.Now()
		s.c.finishPull(ctx, t, r, t.sandbox.Pull(bounded, r))
	}
	s.finish(ctx, t.lane, s.c.complete(t, r, deliveries), t)
}

// finish passes deliveries to the sink and gives the targets back to the
// scheduler.
func (s *scheduler) finish(ctx context.Context, lane int, deliveries []sandbox.Delivery, targets ...*target) {
	if len(deliveries) > 0 {
		s.c.settings.Sink.Deliver(ctx, lane, deliveries)
	}
	for _, t := range targets {
		// Turns of sandboxes that are gone do not count against the limit, so the
		// channel may be full.
		select {
		case s.finished <- t:
		case <-ctx.Done():
			return
		}
	}
}
