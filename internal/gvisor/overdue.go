package gvisor

import (
	"errors"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// maxOverdue is the number of sandboxes whose overdue responses are awaited at a
// time. Each takes a connection.
const maxOverdue = 64

// overdue is the request of the last pull if it timed out. The connection remains
// open, so that recovery is noticed without a further request, of which each may
// occupy another goroutine of a sandbox that hangs. An open connection delays the
// end of a sandbox by up to 15 seconds; therefore it is closed as soon as the
// sandbox responds.
type overdue struct {
	// notify is called when the response arrives. Without it, none is awaited.
	notify func()
	// watched is the connection, nil if none is open.
	watched *host.WatchedFile
}

// OnLateResponse implements [sandbox.Awaiter].
func (s *Sandbox) OnLateResponse(notify func()) { s.overdue.notify = notify }

// Awaiting implements [sandbox.Awaiter].
func (s *Sandbox) Awaiting() bool { return s.overdue.watched != nil }

// await keeps the connection of a pull that timed out, if it may.
func (s *Sandbox) await() {
	watcher := s.runtime.overdue.Load()
	if watcher == nil || s.overdue.notify == nil || s.request.conn == nil {
		return
	}
	file := s.request.conn.Detach()
	if file == nil {
		return
	}
	s.request.conn = nil
	watched, err := watcher.Watch(file, s.overdue.notify)
	if err != nil {
		if !errors.Is(err, host.ErrTooMany) {
			s.runtime.logger.Debug("Failed to wait for an overdue response; backing off instead", zap.Error(err))
		}
		return
	}
	s.overdue.watched = watched
}

// stopAwaiting closes the connection that await kept.
func (s *Sandbox) stopAwaiting() {
	if s.overdue.watched == nil {
		return
	}
	if watcher := s.runtime.overdue.Load(); watcher != nil {
		watcher.Forget(s.overdue.watched)
	}
	s.overdue.watched = nil
}

// watchOverdue lets sandboxes await overdue responses until the function that it
// returns is called.
func (r *Runtime) watchOverdue() (stop func()) {
	watcher, err := host.NewReadWatcher(maxOverdue)
	if err != nil {
		r.logger.Debug("Overdue responses of sandboxes cannot be awaited", zap.Error(err))
		return func() {}
	}
	r.overdue.Store(watcher)
	return func() { _ = watcher.Close() }
}
