package collect

import (
	"errors"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// transitions is what decides whether the state of a target is a transition. It is
// compared with every turn, and an event exists only if there is one.
type transitions struct {
	// began means that the workload has started, and exited that it has ended.
	began, exited bool
	// startup means that the duration of the start has been recorded.
	startup bool
	// unresponsive is since when the sandbox does not respond, zero if it does.
	unresponsive time.Time
	// checkpoint is what the runtime's files recorded about checkpoints.
	checkpoint sandbox.Checkpoint
	// rule and metric are those that the last response violated; empty if none.
	rule, metric string
}

// record passes an event about a target to the sink.
func (c *Collection) record(t *target, e *lifecycle.Event) {
	e.Identity = t.sandbox.Identity()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	c.settings.Events.Record(e)
}

// isNew reports whether the sandbox was created after the receiver started, so that
// what is noticed first has happened since.
func (c *Collection) isNew(t *target) bool { return t.sandbox.Identity().Created.After(c.started) }

// recordTransition records the events of a change from the recorded status to another
// one.
func (c *Collection) recordTransition(t *target, status sandbox.Status) {
	before := t.recorded
	first := before.State == ""
	switch status.State {
	case sandbox.Running, sandbox.Paused, sandbox.Skipped:
		if !t.events.began && (!first || c.isNew(t)) {
			c.record(t, &lifecycle.Event{Name: lifecycle.Started})
		}
		t.events.began = true
		c.recordStartup(t)
	}
	switch {
	case first:
	case status.State == sandbox.Paused:
		c.record(t, &lifecycle.Event{Name: lifecycle.Paused})
	case before.State == sandbox.Paused && status.State == sandbox.Running:
		c.record(t, &lifecycle.Event{Name: lifecycle.Resumed})
	}
	if status.SkipReason != "" && status.SkipReason != before.SkipReason {
		c.record(t, &lifecycle.Event{Name: lifecycle.Skipped, State: status.State, SkipReason: status.SkipReason})
	}
	if status.State == sandbox.Stopped {
		c.recordExit(t, first && !c.isNew(t))
	}
}

// recordCheckpoint records that a sandbox was checkpointed or restored. In its first
// turn, only a restore can be known to have happened since the receiver started.
func (c *Collection) recordCheckpoint(t *target, first bool) {
	after := t.sandbox.Checkpoint()
	before := t.events.checkpoint
	if before == after {
		return
	}
	t.events.checkpoint = after
	if first && !c.isNew(t) {
		return
	}
	if after.Restored && (!before.Restored || !after.Started.Equal(before.Started)) {
		c.record(t, &lifecycle.Event{Name: lifecycle.Restored})
	}
	if after.Checkpointed && !before.Checkpointed && !first {
		c.record(t, &lifecycle.Event{Name: lifecycle.Checkpointed})
	}
}

// recordExit records, once, that the process of a sandbox has ended. If it ended before
// the receiver started, there is no event.
func (c *Collection) recordExit(t *target, earlier bool) {
	if t.events.exited {
		return
	}
	t.events.exited = true
	if earlier {
		return
	}
	exit := t.sandbox.Exit(time.Now())
	c.recordStartup(t)
	c.lifetimes[t.sandbox.Identity().Runtime].end(&exit)
	c.record(t, &lifecycle.Event{Name: lifecycle.Exited, Time: exit.Time, Exit: &exit})
}

// recordGone records the end of a sandbox in its last turn.
func (c *Collection) recordGone(t *target) {
	c.recordExit(t, false)
	c.record(t, &lifecycle.Event{Name: lifecycle.Gone})
}

// recordResponse records whether a sandbox responds, after its pull.
func (c *Collection) recordResponse(t *target, status sandbox.Status) {
	since := t.events.unresponsive
	switch {
	case status.State == sandbox.Unresponsive && since.IsZero():
		t.events.unresponsive = time.Now()
		c.record(t, &lifecycle.Event{Name: lifecycle.Unresponsive})
	case !t.health.timedOut && !since.IsZero():
		t.events.unresponsive = time.Time{}
		c.record(t, &lifecycle.Event{Name: lifecycle.Recovered, Duration: time.Since(since)})
	}
}

// maxViolationText is the longest name of a rule or metric in an event. The sandbox
// chooses that of the metric.
const maxViolationText = 128

// recordViolation records that a response violates a rule, unless the last one violated
// the same rule.
func (c *Collection) recordViolation(t *target, err error) {
	if err == nil {
		t.events.rule, t.events.metric = "", ""
		return
	}
	var violation sandbox.Violation
	if !errors.As(err, &violation) {
		return
	}
	rule, metric := violation.Violated()
	rule, metric = bounded(rule), bounded(metric)
	if t.events.rule == rule && t.events.metric == metric {
		return
	}
	t.events.rule, t.events.metric = rule, metric
	c.record(t, &lifecycle.Event{Name: lifecycle.VerificationFailed, Rule: rule, Metric: metric})
}

// bounded returns valid UTF-8 of a bounded length.
func bounded(text string) string {
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), maxViolationText)], ""))
}
