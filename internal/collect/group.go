package collect

import (
	"context"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// group is a pull group: the targets of a turn with several targets. A request is
// sent to each, so that all work on their responses at the same time; then the
// responses are read as they arrive. That takes one wake-up for all of them
// instead of several for each, which would cost more than the pulls themselves.
//
// A group consists of sandboxes whose last pull succeeded. Those that keep it
// waiting are left to goroutines of their own.
type group struct {
	s       *scheduler
	ctx     context.Context
	bounded context.Context
	lane    int
	// A request was sent to each of these targets: unchecked ones are still to be
	// checked in this pass, waiting ones have not responded yet.
	unchecked, waiting []*target
	// further means that a target has sent a further request while the group waited.
	further bool
	// deliveries are the results of the targets in done.
	deliveries []sandbox.Delivery
	done       []*target
}

// maxGroup is the maximum size of a group: that many connections are open at a
// time, and each response waits until those before it have been read.
const maxGroup = 32

// pauses are the times that a group sleeps before it reads the responses that
// have arrived. Most sandboxes need a millisecond.
var pauses = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond, 8 * time.Millisecond, 16 * time.Millisecond,
}

func (s *scheduler) pullGroup(ctx context.Context, next turn) {
	g := &group{
		s: s, ctx: ctx, bounded: next.bounded, lane: next.targets[0].lane,
		waiting:    next.targets[:0],
		deliveries: make([]sandbox.Delivery, 0, len(next.targets)),
		done:       make([]*target, 0, len(next.targets)),
	}
	for _, t := range next.targets {
		if s.c.send(next.bounded, t) {
			g.waiting = append(g.waiting, t)
		} else {
			s.pullers.run(func() { s.pullOne(ctx, next.bounded, t) })
		}
	}
	g.run()
}

// run reads the responses and delivers the results together.
func (g *group) run() {
	g.wait()
	if g.further {
		// A goroutine for each would cost more than waiting once more.
		g.wait()
	}
	for _, t := range g.waiting {
		g.s.pullers.run(func() {
			r := g.s.c.receiveAll(g.ctx, t)
			g.s.finish(g.ctx, g.lane, g.s.c.complete(t, r, nil), t)
		})
	}
	// The sink may block, so this comes when no connection of the group is open.
	g.s.finish(g.ctx, g.lane, g.deliveries, g.done...)
}

// wait reads responses as they arrive, until the pauses are over.
func (g *group) wait() {
	g.further = false
	for _, pause := range pauses {
		if len(g.waiting) == 0 {
			break
		}
		time.Sleep(pause)
		g.receiveReady()
	}
}

// receiveReady reads the responses that have arrived.
func (g *group) receiveReady() {
	handOver := g.handOver
	for g.unchecked, g.waiting = g.waiting, g.waiting[:0]; len(g.unchecked) > 0; {
		t := g.unchecked[0]
		g.unchecked = g.unchecked[1:]
		if !t.sender.Ready() {
			g.waiting = append(g.waiting, t)
			continue
		}
		// handOver may move the rest of the group meanwhile.
		r := g.s.c.receive(g.ctx, t, handOver)
		if r == nil {
			g.further = true
			g.waiting = append(g.waiting, t)
			continue
		}
		g.deliveries = g.s.c.complete(t, r, g.deliveries)
		g.done = append(g.done, t)
	}
}

// handOver leaves all targets but the current one to another goroutine, because
// the current response has begun and does not continue.
func (g *group) handOver() {
	rest := &group{
		s: g.s, ctx: g.ctx, bounded: g.bounded, lane: g.lane,
		waiting:    slices.Concat(g.waiting, g.unchecked),
		deliveries: g.deliveries, done: g.done,
	}
	g.unchecked, g.waiting, g.deliveries, g.done = nil, nil, nil, nil
	g.s.pullers.run(rest.run)
}
