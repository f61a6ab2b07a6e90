package collect

import (
	"context"
	"time"
)

// visit is one turn of some members, and the context that ends their pulls in
// time. The members belong to it until they come back through the channel of
// finished ones.
type visit struct {
	members []*member
	bounded context.Context
}

// visit starts a visit of one member.
func (s *scheduler) visit(ctx context.Context, m *member) {
	s.begin(m)
	s.start(ctx, []*member{m})
}

// gather has a member visited together with others of the same worker.
func (s *scheduler) gather(ctx context.Context, m *member) {
	s.begin(m)
	gathered := append(s.gathered[m.worker.number], m)
	if len(gathered) == mostTogether {
		s.start(ctx, gathered)
		gathered = nil
	}
	s.gathered[m.worker.number] = gathered
}

// startGathered starts the visits of all that were gathered.
func (s *scheduler) startGathered(ctx context.Context) {
	for i, gathered := range s.gathered {
		if len(gathered) > 0 {
			s.start(ctx, gathered)
			s.gathered[i] = nil
		}
	}
}

// begin notes that a visit of the member begins.
func (s *scheduler) begin(m *member) {
	s.inFlight++
	if m.gone {
		s.goneInFlight++
	}
	s.look = shortestLook
	m.visited = time.Now()
	m.closed = m.gone
}

func (s *scheduler) start(ctx context.Context, members []*member) {
	next := visit{members: members, bounded: s.bounded(ctx)}
	select {
	case s.due <- next:
		// A visitor waited for it.
	default:
		s.visitors.Go(func() { s.visitor(ctx, next) })
	}
}

// Pulls share a deadline that begin this close together, or within this part of
// the timeout. Most pulls begin together, at a slot, and a deadline for each
// would be a third of what they allocate.
const (
	sharedDeadline = 50 * time.Millisecond
	sharedPart     = 20
)

// bounded is a context that ends when a pull that begins now has taken its
// time.
func (s *scheduler) bounded(ctx context.Context) context.Context {
	deadline := time.Now().Add(s.c.settings.Timeout)
	if s.deadline == nil || deadline.Sub(s.latest) > min(sharedDeadline, s.c.settings.Timeout/sharedPart) {
		var cancel context.CancelFunc
		s.deadline, cancel = context.WithDeadline(ctx, deadline)
		s.latest = deadline
		// It lasts until its deadline, however early its pulls are over.
		context.AfterFunc(s.deadline, cancel)
	}
	return s.deadline
}

// idleVisitors is how many goroutines may wait for the next visit: enough for a
// slot of a large fleet. They keep the stacks that visits need.
const idleVisitors = 64

// visitor makes a visit, and goes on with others while few enough do.
func (s *scheduler) visitor(ctx context.Context, next visit) {
	for {
		if len(next.members) == 1 {
			s.visitOne(ctx, next.bounded, next.members[0])
		} else {
			s.visitTogether(ctx, next)
		}
		var more bool
		if next, more = s.nextDue(ctx); !more {
			return
		}
	}
}

// nextDue waits for a visit to make; there is none if there are visitors
// enough.
func (s *scheduler) nextDue(ctx context.Context) (next visit, more bool) {
	defer s.idle.Add(-1)
	if s.idle.Add(1) > idleVisitors {
		return visit{}, false
	}
	select {
	case next = <-s.due:
		return next, true
	case <-ctx.Done():
		return visit{}, false
	}
}

// visitOne visits one member, however long it takes: it is asked if its state
// and its back-off allow, and described in any case. If it is gone, its series
// end.
func (s *scheduler) visitOne(ctx, bounded context.Context, m *member) {
	if m.closed {
		told := s.c.end(m, nil)
		_ = m.sandbox.Close()
		s.handIn(ctx, m.worker, told, m)
		return
	}
	told := s.c.note(m, nil)
	r := newReading()
	if s.c.mayAsk(m) {
		m.began = time.Now()
		s.c.pull(ctx, bounded, m, r, nil)
	}
	s.handIn(ctx, m.worker, append(told, s.c.describe(m, r)), m)
}

// handIn hands over what came of visits, and then gives the members back.
func (s *scheduler) handIn(ctx context.Context, w *worker, told []delivery, members ...*member) {
	if len(told) > 0 {
		w.deliver(ctx, told)
	}
	for _, m := range members {
		// Visits of sandboxes that are gone do not count against the limit, so
		// the channel may be full.
		select {
		case s.finished <- m:
		case <-ctx.Done():
			return
		}
	}
}
