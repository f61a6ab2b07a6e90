package collect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// readings are scratch space between pulls and workers.
var readings = sync.Pool{New: func() any {
	return &sandbox.Reading{Points: make([]sandbox.Point, 0, usualPoints)}
}}

// usualPoints is room for the points of most sandboxes.
const usualPoints = 128

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

// note notes the state of a sandbox that a visit is about. What was said of it
// in another state is no longer true, so that ends; it begins anew with what the
// visit yields, at a later time.
func (c *Collection) note(m *member, told []delivery) []delivery {
	state := m.sandbox.State()
	if m.reported != state {
		told = c.end(m, told)
		m.reported = state
	}
	return told
}

// mayAsk tells whether the state and the back-off of a sandbox allow to ask it.
func (c *Collection) mayAsk(m *member) bool {
	if !m.reported.Pulled() {
		return false
	}
	if time.Now().Before(m.retry) {
		c.telemetry.skipped(m.sandbox.Identity().Runtime, skippedBackOff, 1)
		return false
	}
	return true
}

// ask asks a sandbox without waiting, and tells whether it did: not if its state
// has changed, nor if there is more to do than to ask.
func (c *Collection) ask(bounded context.Context, m *member) (asked bool) {
	defer c.survive(func(error) { asked = false })
	if state := m.sandbox.State(); state != m.reported || !state.Pulled() {
		return false
	}
	m.began = time.Now()
	return m.sandbox.Ask(bounded)
}

// take is the rest of a visit after a sandbox was asked.
func (c *Collection) take(ctx, bounded context.Context, m *member, waits func()) delivery {
	r := newReading()
	c.pull(ctx, bounded, m, r, waits)
	return c.describe(m, r)
}

// pull asks the sandbox, unless that was done, and notes how it went. Unless it
// yielded something, the reading is empty afterwards.
func (c *Collection) pull(ctx, bounded context.Context, m *member, r *sandbox.Reading, waits func()) {
	id := m.sandbox.Identity()
	before := m.health
	err := c.guarded(bounded, m.sandbox, r, waits)
	now := time.Now()
	outcome := sandbox.OutcomeOf(err)
	if ctx.Err() != nil && err != nil {
		outcome = sandbox.Canceled
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

// describe completes a reading with what is known without asking.
func (c *Collection) describe(m *member, r *sandbox.Reading) delivery {
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.Watched = m.watched
	verified := m.health.outcome == sandbox.OK
	m.sandbox.Describe(r, verified)
	c.fixed.append(r, m.reported, &m.health)
	c.sayConstants(m, r, verified)
	return delivery{member: m, identity: m.sandbox.Identity(), reading: r}
}

// constantsPause is about how long it takes until what hardly ever changes is
// said again. Prometheus takes a series for ended after five minutes, its
// exporter after as little as users tell it to: a minute is usual.
const constantsPause = 30 * time.Second

// sayConstants has a reading say what hardly ever changes, if it is time to. The
// first time after a success is followed by another one within the pause, so that
// sandboxes found together do not all say it together from then on.
func (c *Collection) sayConstants(m *member, r *sandbox.Reading, verified bool) {
	now := time.Now()
	if lost := m.lost.Swap(false); !lost && now.Before(m.constants) {
		return
	}
	r.Constants = true
	switch {
	case !verified: // Some are only said of data that was verified.
	case m.constants.IsZero():
		m.constants = now.Add(rand.N(constantsPause))
	default:
		m.constants = now.Add(constantsPause - c.settings.Interval/2)
	}
}

// guarded turns a panic in a runtime's code into a failure of this one pull.
func (c *Collection) guarded(bounded context.Context, s sandbox.Sandbox, r *sandbox.Reading, waits func()) (err error) {
	defer c.survive(func(panicked error) { err = panicked })
	return s.Pull(bounded, r, waits)
}

// survive recovers from a panic in a runtime's code, if deferred. None is known;
// if there is one, it must not be a way for a sandbox to end the monitoring of
// all others.
func (c *Collection) survive(panicked func(error)) {
	if cause := recover(); cause != nil {
		c.settings.Logger.Error("A pull panicked; please report this as a bug",
			zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))
		panicked(sandbox.Fail(sandbox.Internal, fmt.Errorf("panic: %v", cause)))
	}
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
	if before.outcome == now.outcome || now.outcome == sandbox.Canceled || now.outcome == sandbox.Gone {
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

// end tells that all series of a sandbox have ended.
func (c *Collection) end(m *member, told []delivery) []delivery {
	if m.reported == "" {
		return told
	}
	r := newReading()
	r.Time = time.Now()
	r.Watched = m.watched
	m.sandbox.Series(r)
	c.fixed.series(r, m.reported, &m.health)
	m.reported = ""
	m.constants = time.Time{}
	return append(told, delivery{member: m, identity: m.sandbox.Identity(), reading: r, end: true})
}
