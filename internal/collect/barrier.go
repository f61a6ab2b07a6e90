package collect

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// barrier runs everything that a sandbox implements so that a panic in a runtime's
// code affects this sandbox only. None is known, but if there is one, a sandbox must
// not be able to use it to stop the monitoring of all others.
type barrier struct {
	c        *Collection
	inner    sandbox.Sandbox
	identity *sandbox.Identity
	// awaiter is inner if it implements [sandbox.Awaiter], nil otherwise.
	awaiter sandbox.Awaiter
	// checkpointer is inner if it implements [sandbox.Checkpointer], nil otherwise.
	checkpointer sandbox.Checkpointer
	// exiter is inner if it implements [sandbox.Exiter], nil otherwise.
	exiter sandbox.Exiter
	// status is the last one that inner returned, nil before the first.
	status atomic.Pointer[sandbox.Status]
}

// senderBarrier is a barrier around a sandbox that implements [sandbox.Sender].
type senderBarrier struct {
	*barrier
	sender sandbox.Sender
}

// isolated is a sandbox behind a barrier.
type isolated interface {
	sandbox.Awaiter
	sandbox.Checkpointer
	sandbox.Exiter
	sandbox.Notifier
}

var (
	_ isolated       = (*barrier)(nil)
	_ sandbox.Sender = senderBarrier{}
)

// isolate returns a sandbox behind a barrier. ok is false if it has no identity.
func (c *Collection) isolate(inner sandbox.Sandbox) (_ isolated, ok bool) {
	b := &barrier{c: c, inner: inner}
	b.awaiter, _ = inner.(sandbox.Awaiter)
	b.checkpointer, _ = inner.(sandbox.Checkpointer)
	b.exiter, _ = inner.(sandbox.Exiter)
	func() {
		defer b.recoverPanic(nil)
		b.identity = inner.Identity()
	}()
	if sender, sends := inner.(sandbox.Sender); sends {
		return senderBarrier{b, sender}, b.identity != nil
	}
	return b, b.identity != nil
}

// discard closes a sandbox that does not become a target.
func (c *Collection) discard(inner sandbox.Sandbox) {
	isolated, _ := c.isolate(inner)
	_ = isolated.Close()
}

// Identity implements [sandbox.Sandbox].
func (b *barrier) Identity() *sandbox.Identity { return b.identity }

// Status implements [sandbox.Sandbox]. After a panic it is the last known one, and
// running if there is none: then Pull shows whether more than Status fails.
func (b *barrier) Status() (status sandbox.Status) {
	last := b.status.Load()
	defer b.recoverPanic(func(error) {
		status = sandbox.Status{State: sandbox.Running}
		if last != nil {
			status = *last
		}
	})
	status = b.inner.Status()
	if last == nil || *last != status {
		kept := status
		b.status.Store(&kept)
	}
	return status
}

// MinInterval implements [sandbox.Sandbox]. After a panic it is long, because a bug
// must not burden a sandbox.
func (b *barrier) MinInterval() (interval time.Duration) {
	defer b.recoverPanic(func(error) { interval = b.c.limits.maxBackOff })
	return b.inner.MinInterval()
}

// Pull implements [sandbox.Sandbox].
func (b *barrier) Pull(ctx context.Context, r *sandbox.Reading) (err error) {
	defer b.recoverPanic(func(panicked error) { err = panicked })
	return b.inner.Pull(ctx, r)
}

// AppendInfo implements [sandbox.Sandbox]. What was appended before a panic remains.
func (b *barrier) AppendInfo(r *sandbox.Reading, verified bool) {
	defer b.recoverPanic(nil)
	b.inner.AppendInfo(r, verified)
}

// AppendSeries implements [sandbox.Sandbox]. What was appended before a panic
// remains.
func (b *barrier) AppendSeries(r *sandbox.Reading) {
	defer b.recoverPanic(nil)
	b.inner.AppendSeries(r)
}

// Close implements [sandbox.Sandbox].
func (b *barrier) Close() (err error) {
	defer b.recoverPanic(func(panicked error) { err = panicked })
	return b.inner.Close()
}

// OnLateResponse implements [sandbox.Awaiter].
func (b *barrier) OnLateResponse(notify func()) {
	if b.awaiter != nil {
		defer b.recoverPanic(nil)
		b.awaiter.OnLateResponse(notify)
	}
}

// Awaiting implements [sandbox.Awaiter]. A sandbox that does not awaits nothing.
func (b *barrier) Awaiting() (awaiting bool) {
	if b.awaiter == nil {
		return false
	}
	defer b.recoverPanic(func(error) { awaiting = false })
	return b.awaiter.Awaiting()
}

// Checkpoint implements [sandbox.Checkpointer]. A sandbox that does not has no
// checkpoints.
func (b *barrier) Checkpoint() (checkpoint sandbox.Checkpoint) {
	if b.checkpointer == nil {
		return sandbox.Checkpoint{}
	}
	defer b.recoverPanic(func(error) { checkpoint = sandbox.Checkpoint{} })
	return b.checkpointer.Checkpoint()
}

// Running implements [sandbox.Exiter].
func (b *barrier) Running() (running time.Time) {
	if b.exiter == nil {
		return time.Time{}
	}
	defer b.recoverPanic(func(error) { running = time.Time{} })
	return b.exiter.Running()
}

// Exit implements [sandbox.Exiter]. Nothing is known about the end of a sandbox that
// does not implement it.
func (b *barrier) Exit(now time.Time) (exit sandbox.Exit) {
	unknown := sandbox.Exit{Reason: sandbox.ExitUnknown, Time: now}
	if b.exiter == nil {
		return unknown
	}
	defer b.recoverPanic(func(error) { exit = unknown })
	return b.exiter.Exit(now)
}

// OnChange implements [sandbox.Notifier]. A sandbox that does not never calls the
// function.
func (b *barrier) OnChange(notify func()) {
	notifier, notifies := b.inner.(sandbox.Notifier)
	if !notifies {
		return
	}
	defer b.recoverPanic(nil)
	notifier.OnChange(notify)
}

// Send implements [sandbox.Sender].
func (b senderBarrier) Send(ctx context.Context) (sent bool) {
	defer b.recoverPanic(func(error) { sent = false })
	return b.sender.Send(ctx)
}

// Ready implements [sandbox.Sender]. After a panic, Receive completes the pull.
func (b senderBarrier) Ready() (ready bool) {
	defer b.recoverPanic(func(error) { ready = true })
	return b.sender.Ready()
}

// Receive implements [sandbox.Sender].
func (b senderBarrier) Receive(r *sandbox.Reading, onBlock func()) (err error) {
	defer b.recoverPanic(func(panicked error) { err = panicked })
	return b.sender.Receive(r, onBlock)
}

// More implements [sandbox.Sender]. After a panic, nothing more follows.
func (b senderBarrier) More() (more bool) {
	defer b.recoverPanic(func(error) { more = false })
	return b.sender.More()
}

// watchSafely turns a panic in the discovery of a runtime into an error.
func (c *Collection) watchSafely(ctx context.Context, runtime sandbox.Runtime) (err error) {
	defer c.recoverPanic(func(panicked error) { err = panicked })
	return runtime.Watch(ctx, newObserver(c, runtime.Name()))
}

// appendRuntimeMetrics reports whether the runtime appended its metrics.
func (c *Collection) appendRuntimeMetrics(runtime sandbox.Runtime, r *sandbox.Reading, stats sandbox.Stats) (ok bool) {
	defer c.recoverPanic(func(error) { ok = false })
	runtime.AppendRuntimeMetrics(r, stats)
	return true
}

// panicLogInterval is the shortest time between two log records about panics, which
// may occur with every call.
const panicLogInterval = time.Minute

// panics is the number of panics, and when one was logged last, as the time since
// the start of the collection.
type panics struct {
	count, logged atomic.Int64
}

// recoverPanic recovers from a panic in a runtime's code, if deferred.
func (c *Collection) recoverPanic(panicked func(error)) {
	if cause := recover(); cause != nil {
		c.handlePanic(cause, nil, panicked)
	}
}

// recoverPanic is like that of the collection and names the sandbox in the log.
func (b *barrier) recoverPanic(panicked func(error)) {
	if cause := recover(); cause != nil {
		b.c.handlePanic(cause, b.identity, panicked)
	}
}

// handlePanic logs and reports a panic. id is nil if it does not concern a single
// sandbox, or the identity is unknown.
func (c *Collection) handlePanic(cause any, id *sandbox.Identity, panicked func(error)) {
	count, now, logged := c.panics.count.Add(1), int64(time.Since(c.started)), c.panics.logged.Load()
	if (count == 1 || now-logged >= int64(panicLogInterval)) && c.panics.logged.CompareAndSwap(logged, now) {
		fields := []zap.Field{zap.Any("panic", cause), zap.Int64("panics", count), zap.ByteString("stack", debug.Stack())}
		if id != nil {
			fields = append(fields, zap.String("sandbox.runtime.name", id.Runtime), zap.String("sandbox.id", id.ID),
				zap.String("sandbox.iteration", id.Iteration))
		}
		c.settings.Logger.Error("Panic in the code for a sandbox runtime; please report this as a bug", fields...)
	}
	if panicked != nil {
		panicked(sandbox.Fail(sandbox.Internal, fmt.Errorf("panic: %v", cause)))
	}
}
