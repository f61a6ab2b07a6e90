package kata

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var _ sandbox.Runtime = (*Runtime)(nil)

// Name is that of Kata.
func (r *Runtime) Name() string { return sandbox.RuntimeKata }

// Watch tells the observer of sandboxes until the context ends.
func (r *Runtime) Watch(ctx context.Context, observer sandbox.Observer) error {
	notifier, err := storage.NewNotifier()
	if err != nil {
		r.logger.Warn("Nothing tells of new Kata sandboxes at once, so their storage paths are read every few seconds: "+
			"raise fs.inotify.max_user_instances", zap.Error(err))
	}
	defer func() { _ = notifier.Close() }()

	var lookup sync.WaitGroup
	defer lookup.Wait()
	var answers <-chan cri.Result // nil, which never yields anything, without an endpoint
	if r.cri != nil {
		answers = r.cri.Results()
		lookup.Go(func() {
			if err := r.cri.Run(ctx); err != nil {
				r.logger.Error("The container runtime is not asked for pods", zap.Error(err))
			}
		})
	}

	f := newFinder(r, notifier, observer)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-notifier.Events():
			f.changed(event.Name, time.Now())
		case <-notifier.Errors():
			f.lookAtAll(true, time.Now())
		case path := <-r.stale:
			f.examine(path, time.Now())
		case answer := <-answers:
			f.answered(answer, time.Now())
		case <-timer.C:
			f.tick(time.Now())
		}
		timer.Reset(time.Until(f.next()))
	}
}

// tellStale asks for a look at a directory that has changed. If there is no
// room for that, the next scan will find it.
func (r *Runtime) tellStale(path string) {
	select {
	case r.stale <- path:
	default:
	}
}
