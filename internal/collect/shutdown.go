package collect

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// StopPulls cancels everything and waits until all pulls have ended, but not longer
// than the context. Without an error, what was pulled has been delivered to the sink.
//
// The error states what is still running, for example because a system call does
// not return. If it returns later, the rest ends without effect: its deliveries are
// dropped, sandboxes are closed, and reports of runtimes are ignored.
func (c *Collection) StopPulls(ctx context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.stop()
	if isDone(ctx, c.scheduled) {
		return nil
	}
	if pulls := c.scheduler.pullers.running.Load(); pulls > 0 {
		return fmt.Errorf("stop pulls: %d still running: %w: %s", pulls, ctx.Err(), hangRemedy)
	}
	return fmt.Errorf("stop pulls: scheduler still running: %w: %s", ctx.Err(), hangRemedy)
}

// StopDiscovery cancels everything and waits until the discovery of all runtimes has
// ended, but not longer than the context. The error is like that of StopPulls.
func (c *Collection) StopDiscovery(ctx context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.stop()
	var running []string
	for _, d := range c.discoveries {
		if !isDone(ctx, d.done) {
			running = append(running, d.runtime)
		}
	}
	if len(running) == 0 {
		return nil
	}
	return fmt.Errorf("stop sandbox discovery: %s still running: %w: %s", strings.Join(running, " and "), ctx.Err(), hangRemedy)
}

// hangRemedy is part of errors about goroutines that do not end.
const hangRemedy = "check for mounts that do not respond"

func (c *Collection) stop() {
	c.stopping.Store(true)
	c.cancel()
}

// isDone waits for a channel to be closed or for the context to end, and reports
// whether the channel is closed.
func isDone(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// goroutines starts goroutines, counts those that run, and waits for them.
type goroutines struct {
	group   sync.WaitGroup
	running atomic.Int32
}

func (g *goroutines) run(f func()) {
	g.running.Add(1)
	g.group.Go(func() {
		defer g.running.Add(-1)
		f()
	})
}
