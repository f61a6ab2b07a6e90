package collect

import (
	"context"
	"slices"
	"time"
)

// round is a visit of several members. All are asked first, and work on their
// answers at the same time; then the answers are taken that have come. So there
// is a wake-up for all of them instead of several for each, which would cost
// more than the pulls do.
//
// Only sandboxes that answered the last time are in a round. Those that now keep
// it waiting are left to goroutines of their own.
type round struct {
	s       *scheduler
	ctx     context.Context
	bounded context.Context
	worker  *worker
	// All of these were asked: those in left are still to be looked at in this
	// pass, those in waiting have not answered yet.
	left, waiting []*member
	// told is what came of the visits of the members in done.
	told []delivery
	done []*member
}

// mostTogether is how many members a round has at most: as many have a
// connection open, and wait for each other's answers to be read.
const mostTogether = 32

// pauses are the times that a round waits for answers before it takes those
// that have come. Most sandboxes need a millisecond.
var pauses = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond, 8 * time.Millisecond, 16 * time.Millisecond,
}

func (s *scheduler) visitTogether(ctx context.Context, v visit) {
	r := &round{
		s: s, ctx: ctx, bounded: v.bounded, worker: v.members[0].worker,
		waiting: v.members[:0],
		told:    make([]delivery, 0, len(v.members)),
		done:    make([]*member, 0, len(v.members)),
	}
	for _, m := range v.members {
		if s.c.ask(v.bounded, m) {
			r.waiting = append(r.waiting, m)
		} else {
			s.visitors.Go(func() { s.visitOne(ctx, v.bounded, m) })
		}
	}
	r.run()
}

// run takes the answers, and hands them over all at once.
func (r *round) run() {
	for _, pause := range pauses {
		if len(r.waiting) == 0 {
			break
		}
		time.Sleep(pause)
		r.takeAnswers()
	}
	for _, m := range r.waiting {
		r.s.visitors.Go(func() {
			told := r.s.c.take(r.ctx, r.bounded, m, nil)
			r.s.handIn(r.ctx, r.worker, []delivery{told}, m)
		})
	}
	// Only now, when no connection of this round is open, may the pipeline block.
	r.s.handIn(r.ctx, r.worker, r.told, r.done...)
}

// takeAnswers takes the answers that have come.
func (r *round) takeAnswers() {
	handOver := r.handOver
	for r.left, r.waiting = r.waiting, r.waiting[:0]; len(r.left) > 0; {
		m := r.left[0]
		r.left = r.left[1:]
		if !m.sandbox.Answered() {
			r.waiting = append(r.waiting, m)
			continue
		}
		// It may hand over all else.
		told := r.s.c.take(r.ctx, r.bounded, m, handOver)
		r.told = append(r.told, told)
		r.done = append(r.done, m)
	}
}

// handOver leaves all but the member at hand to another goroutine, because that
// member's answer has begun and does not go on.
func (r *round) handOver() {
	rest := &round{
		s: r.s, ctx: r.ctx, bounded: r.bounded, worker: r.worker,
		waiting: slices.Concat(r.waiting, r.left),
		told:    r.told, done: r.done,
	}
	r.left, r.waiting, r.told, r.done = nil, nil, nil, nil
	r.s.visitors.Go(rest.run)
}
