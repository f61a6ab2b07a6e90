package collect

import (
	"context"
	"time"
)

// visit starts a visit. The member belongs to it until it comes back through
// the channel of finished ones.
func (s *scheduler) visit(ctx context.Context, m *member) {
	s.inFlight++
	if m.gone {
		s.goneInFlight++
	}
	s.look = shortestLook
	m.visited = time.Now()
	m.closed = m.gone
	next := visit{member: m, bounded: s.bounded(ctx)}
	select {
	case s.due <- next:
		// A visitor waited for it.
	default:
		s.visitors.Go(func() { s.visitor(ctx, next) })
	}
}

// visit is one turn of a member, and the context that ends its pull in time.
type visit struct {
	member  *member
	bounded context.Context
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
	for next.member != nil {
		m := next.member
		s.c.visit(ctx, next, m.closed)
		// Visits of sandboxes that are gone do not count against the limit, so
		// the channel may be full.
		select {
		case s.finished <- m:
		case <-ctx.Done():
			return
		}
		next = s.nextDue(ctx)
	}
}

// nextDue waits for a member to visit; there is none if there are visitors
// enough.
func (s *scheduler) nextDue(ctx context.Context) visit {
	defer s.idle.Add(-1)
	if s.idle.Add(1) > idleVisitors {
		return visit{}
	}
	select {
	case next := <-s.due:
		return next
	case <-ctx.Done():
		return visit{}
	}
}
