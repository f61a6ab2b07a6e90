package collect

import (
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// recordState records the status of a turn. If a different set of metrics is collected
// in it, all series of the previous one end and new series start with the turn.
// Otherwise, only the series of the state ends.
func (c *Collection) recordState(t *target, deliveries []sandbox.Delivery) []sandbox.Delivery {
	status := t.sandbox.Status()
	if t.recorded == status {
		c.recordCheckpoint(t, false)
		return deliveries
	}
	if !t.recorded.Contacted() || !status.Contacted() {
		deliveries = c.end(t, deliveries)
	}
	first := t.recorded.State == ""
	c.recordTransition(t, status)
	c.recordCheckpoint(t, first)
	t.recorded = status
	return deliveries
}

// reportState determines the status that a turn reports, after its pull. If it has
// changed, the series of the old one ends.
func (c *Collection) reportState(t *target, deliveries []sandbox.Delivery) []sandbox.Delivery {
	status := t.health.status(t.recorded)
	c.recordResponse(t, status)
	if t.reported == status {
		return deliveries
	}
	if t.reported != (sandbox.Status{}) && c.families.state != nil {
		r := newEnd(t)
		c.families.appendState(r, t.reported)
		deliveries = append(deliveries, sandbox.Delivery{Identity: t.sandbox.Identity(), Reading: r, End: true, Source: t})
	}
	t.reported = status
	return deliveries
}

// newEnd returns a reading for the ends of series.
func newEnd(t *target) *sandbox.Reading {
	r := sandbox.NewReading()
	r.Time = time.Now()
	r.Discovered = t.discovered
	return r
}

// shouldPull reports whether the state and the back-off of a sandbox allow a
// pull.
func (c *Collection) shouldPull(t *target) bool {
	if !t.recorded.Pulled() {
		return false
	}
	if time.Now().Before(t.retry) {
		c.settings.Telemetry.SkippedPulls(t.sandbox.Identity().Runtime, telemetry.BackOff, 1)
		return false
	}
	return true
}

// send sends the request of a pull without waiting and reports whether it did.
// It does not if the status has changed.
func (c *Collection) send(ctx context.Context, t *target) bool {
	if status := t.sandbox.Status(); status != t.recorded || !status.Pulled() {
		return false
	}
	c.recordCheckpoint(t, false)
	t.pulled = time.Now()
	return t.sender.Send(ctx)
}

// receive receives the next response of a pull whose request was sent. It returns
// the reading, or nil if a further response is to be received. Only the first one
// decides how the pull ended.
func (c *Collection) receive(ctx context.Context, t *target, onBlock func()) *sandbox.Reading {
	r := t.reading
	if r == nil {
		r = sandbox.NewReading()
		c.finishPull(ctx, t, r, t.sender.Receive(r, onBlock))
	} else {
		_ = t.sender.Receive(r, onBlock)
	}
	t.reading = nil
	if t.sender.More() {
		t.reading = r
		return nil
	}
	return r
}

// receiveAll receives all responses of a pull whose request was sent, however long
// they take.
func (c *Collection) receiveAll(ctx context.Context, t *target) *sandbox.Reading {
	for {
		if r := c.receive(ctx, t, nil); r != nil {
			return r
		}
	}
}

// finishPull records how a pull ended. A reading without a result is reset.
func (c *Collection) finishPull(ctx context.Context, t *target, r *sandbox.Reading, err error) {
	id := t.sandbox.Identity()
	before := t.health
	now := time.Now()
	outcome := sandbox.OutcomeOf(err)
	if ctx.Err() != nil && err != nil {
		outcome = sandbox.Canceled
	}
	t.health.record(outcome, sandbox.ErrorTypeOf(err), t.pulled, now)
	t.retry = time.Time{}
	minInterval := t.sandbox.MinInterval()
	awaiting := outcome == sandbox.Timeout && t.sandbox.Awaiting()
	if wait := backOff(outcome, t.health.failures, awaiting, c.settings.Interval, minInterval, c.limits.maxBackOff); wait > 0 {
		t.retry = t.pulled.Add(wait)
	}
	c.settings.Telemetry.Pull(id.Runtime, outcome, now.Sub(t.pulled), r)
	c.stats[id.Runtime].record(outcome, now.Sub(t.pulled))
	if outcome != sandbox.OK && outcome != sandbox.Partial {
		r.Reset()
	}
	c.recordViolation(t, err)
	c.logChange(t, &before, err)
}

// complete adds to a reading what is known without a pull, and appends it to the
// deliveries.
func (c *Collection) complete(t *target, r *sandbox.Reading, deliveries []sandbox.Delivery) []sandbox.Delivery {
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.Discovered = t.discovered
	verified := t.health.outcome == sandbox.OK
	r.Resource(nil)
	t.sandbox.AppendInfo(r, verified)
	r.Resource(nil)
	if r.HasEnded() {
		deliveries = splitEnded(t, r, deliveries)
	}
	if r.Usage != "" {
		c.settings.Telemetry.Usage(t.sandbox.Identity().Runtime, r.Usage)
	}
	deliveries = c.reportState(t, deliveries)
	t.health.next = c.nextPull(t)
	c.families.append(r, t.reported, &t.health)
	c.emitInfo(t, r, verified)
	return append(deliveries, sandbox.Delivery{Identity: t.sandbox.Identity(), Reading: r, Source: t})
}

// nextPull returns about when the next pull starts, unless the sandbox responds before
// or the scheduler is late.
func (c *Collection) nextPull(t *target) time.Time {
	earliest := time.Now()
	for _, limit := range []time.Time{
		t.turned.Add(c.settings.Interval / 2), t.retry, t.pulled.Add(t.sandbox.MinInterval()),
	} {
		if limit.After(earliest) {
			earliest = limit
		}
	}
	return nextSlot(earliest, t.phase, c.settings.Interval)
}

// splitEnded moves the ended parts of a reading, such as those of a container
// that has ended, to separate deliveries, which sinks treat like the end of a
// sandbox.
func splitEnded(t *target, r *sandbox.Reading, deliveries []sandbox.Delivery) []sandbox.Delivery {
	r.TakeEnded(func(part sandbox.Part) {
		ended := sandbox.NewReading()
		ended.Time, ended.Discovered = r.Time, r.Discovered
		for i := range part.Points {
			ended.AddLabeled(part.Points[i].Family, sandbox.Int(0), part.Points[i].Labels...)
		}
		deliveries = append(deliveries, sandbox.Delivery{Identity: part.Identity, Reading: ended, End: true, Source: t})
	})
	return deliveries
}

// end appends the end of all series of a sandbox to the deliveries.
func (c *Collection) end(t *target, deliveries []sandbox.Delivery) []sandbox.Delivery {
	if t.reported == (sandbox.Status{}) {
		return deliveries
	}
	r := newEnd(t)
	t.sandbox.AppendSeries(r)
	r.Resource(nil)
	c.families.appendSeries(r, t.reported, &t.health)
	t.reported = sandbox.Status{}
	t.infoDue = time.Time{}
	return append(deliveries, sandbox.Delivery{Identity: t.sandbox.Identity(), Reading: r, End: true, Source: t})
}
