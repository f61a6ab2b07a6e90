package emit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// workers are goroutines that send what they have when the sink closes.
type workers struct {
	working sync.WaitGroup
	// cancel ends calls of the pipeline; nil before start and after shutdown.
	cancel context.CancelFunc
	// closing is closed when nothing is accepted anymore.
	closing chan struct{}
	// abandoned means that shutdown has returned although workers still run. They
	// must not call the pipeline anymore.
	abandoned atomic.Bool
}

// start returns the context for calls of the pipeline.
func (w *workers) start() (ctx context.Context) {
	ctx, w.cancel = context.WithCancel(context.Background())
	return ctx
}

// drainParts is the number of parts of the time until the deadline of shutdown of
// which the last one is left for calls of the pipeline to return after they were
// canceled.
const drainParts = 10

// shutdown closes the sink and waits until the workers have sent what they have, but not
// longer than the limit or until the context ends; then it cancels the calls of the
// pipeline. If one does not even return then, shutdown returns an error when the context
// ends.
func (w *workers) shutdown(ctx context.Context, limit time.Duration, what string) error {
	if w.cancel == nil {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		limit = min(limit, left-left/drainParts)
	}
	drain, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Ends calls of the pipeline that block.
	stop := context.AfterFunc(drain, w.cancel)
	defer stop()
	defer func() {
		w.cancel()
		w.cancel = nil
	}()
	close(w.closing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.working.Wait()
	}()
	select {
	case <-done:
		return ctx.Err()
	case <-ctx.Done():
	}
	select {
	case <-done:
		return ctx.Err()
	default:
		w.abandoned.Store(true)
		return fmt.Errorf("send remaining %s: the pipeline does not return: %w", what, ctx.Err())
	}
}
