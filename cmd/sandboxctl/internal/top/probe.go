package top

import (
	"context"
	"math"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	// minProbeInterval is the shortest time between two requests to a sandbox.
	minProbeInterval = 10 * time.Second
	// minUnresponsiveInterval is that time for a sandbox that has not responded: each
	// further request can occupy it more.
	minUnresponsiveInterval = time.Minute
	// probeTimeout is the longest duration of a request.
	probeTimeout = 2 * time.Second
)

// probe is the last request to a sandbox.
type probe struct {
	started      time.Time
	duration     time.Duration
	unresponsive bool
	err          error
	done         bool
}

// probed is the message that a request has ended.
type probed struct {
	key   string
	probe probe
}

// probeNext sends a request to a visible row whose last one is long enough ago. Only one
// is in flight at a time.
func (m *Model) probeNext() tea.Cmd {
	if m.probing || m.paused {
		return nil
	}
	now := m.now()
	for _, row := range m.page() {
		if last := m.probes[row.Key]; row.Contactable && last.isDue(now) {
			m.probing = true
			key, started := row.Key, probe{started: now}
			m.probes[key] = &started
			return func() tea.Msg {
				ctx, cancel := context.WithTimeout(m.ctx, probeTimeout)
				defer cancel()
				result := started
				result.duration, result.unresponsive, result.err = m.source.Pull(ctx, key)
				result.done = true
				return probed{key, result}
			}
		}
	}
	return nil
}

// isDue reports whether another request may be sent.
func (p *probe) isDue(now time.Time) bool {
	switch {
	case p == nil:
		return true
	case p.unresponsive:
		return now.Sub(p.started) >= minUnresponsiveInterval
	}
	return now.Sub(p.started) >= minProbeInterval
}

// state returns the state of a sandbox. That it does not respond is known only from a
// request.
func (m *Model) state(r *Row) string {
	if last := m.probes[r.Key]; last != nil && last.unresponsive && r.Contactable {
		return "unresponsive"
	}
	return r.State
}

// response describes the last response.
func (m *Model) response(r *Row) string {
	last := m.probes[r.Key]
	switch {
	case last == nil || !last.done:
		return ""
	case last.unresponsive:
		return "none"
	case last.err != nil:
		return "failed"
	case last.duration < 10*time.Millisecond:
		return last.duration.Round(10 * time.Microsecond).String()
	}
	return last.duration.Round(time.Millisecond).String()
}

// responseOrder sorts rows without a response first, and rows without a request last.
func (m *Model) responseOrder(r *Row) float64 {
	last := m.probes[r.Key]
	switch {
	case last == nil || !last.done:
		return -1
	case last.err != nil || last.unresponsive:
		return math.Inf(1)
	}
	return last.duration.Seconds()
}
