package collect

import (
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// summarize counts the sandboxes, for the receiver's own telemetry and for what
// the runtimes' own exporters say about themselves.
func (s *scheduler) summarize(ctx context.Context, now time.Time) {
	states := map[stateKey]int64{}
	running, broken := map[string]int64{}, map[string]int64{}
	for one, m := range s.members {
		runtime := one.Identity().Runtime
		state := one.State()
		states[stateKey{runtime, state}]++
		if state.Pulled() {
			running[runtime]++
			if m.heap == &s.unproven && !m.began.IsZero() {
				broken[runtime]++
			}
		}
	}
	s.c.telemetry.sandboxes.Store(&states)
	for _, runtime := range s.c.settings.Runtimes {
		name := runtime.Name()
		tally := sandbox.Stats{
			Time: now, Started: s.c.started,
			Seen: s.seen[name], Running: running[name], Broken: broken[name],
		}
		s.c.tallies.of(name).fill(&tally)
		r := newReading()
		r.Time, r.Start, r.Watched = now, s.c.started, s.c.started
		runtime.Summarize(r, tally)
		s.deliverSummary(ctx, r)
	}
}

// deliverSummary does not wait for a pipeline that blocks: the next summary
// says more than a late one.
func (s *scheduler) deliverSummary(ctx context.Context, r *sandbox.Reading) {
	summary := []delivery{{reading: r}}
	select {
	case s.c.workers[0].in <- summary:
	case <-ctx.Done():
		freeReading(r)
	default:
		if s.late.Load() >= int32(len(s.c.settings.Runtimes)) {
			freeReading(r)
			return
		}
		s.late.Add(1)
		s.visitors.Go(func() {
			defer s.late.Add(-1)
			bounded, cancel := context.WithTimeout(ctx, s.c.settings.Interval)
			defer cancel()
			s.c.workers[0].deliver(bounded, summary)
		})
	}
}
