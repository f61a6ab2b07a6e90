package collect

import (
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// reportRuntimes counts the sandboxes, for the receiver's own telemetry and for
// the runtime metrics that upstream exporters have about themselves.
func (s *scheduler) reportRuntimes(ctx context.Context, now time.Time) {
	groups := map[telemetry.Group]int64{}
	running, broken := map[string]int64{}, map[string]int64{}
	for _, t := range s.targets {
		runtime := t.sandbox.Identity().Runtime
		status := t.sandbox.Status()
		if t.unresponsive {
			status = status.WithTimeout()
		}
		groups[telemetry.Group{Runtime: runtime, State: status.State}]++
		if status.Pulled() {
			running[runtime]++
			if t.queue == &s.unproven && !t.pulled.IsZero() {
				broken[runtime]++
			}
		}
	}
	s.c.settings.Telemetry.Sandboxes(groups)
	for _, runtime := range s.c.settings.Runtimes {
		name := runtime.Name()
		stats := sandbox.Stats{
			Time: now, Started: s.c.started,
			Seen: s.seen[name], Running: running[name], Broken: broken[name],
		}
		s.c.stats[name].copyTo(&stats)
		r := sandbox.NewReading()
		r.Time, r.Start, r.Discovered = now, s.c.started, s.c.started
		if !s.c.appendRuntimeMetrics(runtime, r, stats) {
			r.Free()
			continue
		}
		s.c.families.appendLifetimes(r, name, s.c.lifetimes[name])
		s.deliverRuntimeMetrics(ctx, r)
	}
}

// deliverRuntimeMetrics does not wait for a sink that blocks. If one reading per
// runtime is already waiting, the new one is dropped, because the next reading is
// worth more than a late one.
func (s *scheduler) deliverRuntimeMetrics(ctx context.Context, r *sandbox.Reading) {
	if s.overdue.Load() >= int32(len(s.c.settings.Runtimes)) {
		r.Free()
		return
	}
	s.overdue.Add(1)
	s.pullers.run(func() {
		defer s.overdue.Add(-1)
		bounded, cancel := context.WithTimeout(ctx, s.c.settings.Interval)
		defer cancel()
		s.c.settings.Sink.Deliver(bounded, 0, []sandbox.Delivery{{Reading: r}})
	})
}
