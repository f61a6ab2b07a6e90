package collect

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// readings are scratch space between pulls and workers.
var readings = sync.Pool{New: func() any { return new(sandbox.Reading) }}

// largestKept is the most points that a reading may have room for to be used
// again. A larger one came from an unusual sandbox and would only hold memory.
const largestKept = 4096

func newReading() *sandbox.Reading { return readings.Get().(*sandbox.Reading) }

func freeReading(r *sandbox.Reading) {
	if cap(r.Points) > largestKept {
		return
	}
	r.Reset()
	readings.Put(r)
}

// visit is one turn of a member: it is asked if its state and its back-off
// allow, described in any case, and what came of it goes to its worker. Visits
// run in goroutines of their own, one at a time for each member.
// With last, the sandbox is no more.
func (c *Collection) visit(ctx context.Context, turn visit, last bool) {
	m := turn.member
	if last {
		c.end(ctx, m)
		_ = m.sandbox.Close()
		return
	}
	state := m.sandbox.State()
	if m.reported != state {
		// What was said of it is no longer true, and begins anew below, at a
		// later time.
		c.end(ctx, m)
	}
	r := newReading()
	asked := state.Pulled() && !time.Now().Before(m.retry)
	if asked {
		c.pull(ctx, turn, r)
	} else if state.Pulled() {
		c.telemetry.skipped(m.sandbox.Identity().Runtime, skippedBackOff, 1)
	}
	if ctx.Err() != nil {
		freeReading(r)
		return
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.Watched = m.watched
	m.sandbox.Describe(r, m.health.outcome == sandbox.OK)
	c.fixed.append(r, state, &m.health)
	m.reported = state
	m.worker.deliver(ctx, delivery{member: m, identity: m.sandbox.Identity(), reading: r})
}

// pull asks the sandbox and notes how that went. Unless it yielded something,
// the reading is empty afterwards.
func (c *Collection) pull(ctx context.Context, turn visit, r *sandbox.Reading) {
	m := turn.member
	id := m.sandbox.Identity()
	before := m.health
	m.began = time.Now()
	err := c.guarded(turn.bounded, m.sandbox, r)
	now := time.Now()
	outcome := sandbox.OutcomeOf(err)
	if ctx.Err() != nil && err != nil {
		outcome = sandbox.Cancelled
	}
	m.health.note(outcome, m.began, now)
	m.retry = time.Time{}
	if wait := backOff(outcome, m.health.failures, c.settings.Interval, m.sandbox.Pace(), c.limits.backOff); wait > 0 {
		m.retry = m.began.Add(wait)
	}
	c.telemetry.pulled(id.Runtime, outcome, now.Sub(m.began), r)
	c.tallies.of(id.Runtime).pulled(outcome, now.Sub(m.began))
	if outcome != sandbox.OK && outcome != sandbox.Partial {
		r.Reset()
	}
	c.logChange(m, &before, err)
}

// guarded turns a panic in a runtime's code into a failure of this one pull.
// None is known; if there is one, it must not be a way for a sandbox to end the
// monitoring of all others.
func (c *Collection) guarded(ctx context.Context, s sandbox.Sandbox, r *sandbox.Reading) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			c.settings.Logger.Error("A pull panicked; please report this as a bug",
				zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))
			err = sandbox.Fail(sandbox.Internal, fmt.Errorf("panic: %v", cause))
		}
	}()
	return s.Pull(ctx, r)
}

// A sandbox fills the log with no more than one line about failures in this
// time, and no longer ones than this.
const (
	logPause   = 5 * time.Minute
	longestLog = 500
)

// logChange logs when a sandbox begins to fail, or fails in another way, and
// that it has recovered. All failures are in the telemetry.
func (c *Collection) logChange(m *member, before *health, err error) {
	now := &m.health
	if before.outcome == now.outcome || now.outcome == sandbox.Cancelled || now.outcome == sandbox.Gone {
		return
	}
	id := m.sandbox.Identity()
	fields := []zap.Field{
		zap.String("runtime", id.Runtime),
		zap.String("sandbox.id", id.ID),
		zap.String("sandbox.iteration", id.Iteration),
	}
	if now.outcome == sandbox.OK {
		if m.complained {
			m.complained = false
			c.settings.Logger.Info("Sandbox answers again", append(fields, zap.Int("failed_pulls", before.failures))...)
		}
		return
	}
	if !m.logged.IsZero() && time.Since(m.logged) < logPause {
		return
	}
	m.logged, m.complained = time.Now(), true
	// The text may quote the sandbox.
	text := err.Error()
	if len(text) > longestLog {
		text = text[:longestLog] + "…"
	}
	c.settings.Logger.Warn("Sandbox yields no metrics, or not all of them",
		append(fields, zap.String("outcome", string(now.outcome)), zap.String("error", text))...)
}

// end reports that all series of a sandbox have ended.
func (c *Collection) end(ctx context.Context, m *member) {
	if m.reported == "" {
		return
	}
	r := newReading()
	r.Time = time.Now()
	r.Watched = m.watched
	m.sandbox.Series(r)
	c.fixed.series(r, m.reported, &m.health)
	m.reported = ""
	m.worker.deliver(ctx, delivery{member: m, identity: m.sandbox.Identity(), reading: r, end: true})
}
