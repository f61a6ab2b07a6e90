package discovery

import (
	"context"
	"errors"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Settings are what a discovery needs.
type Settings struct {
	// Roots are absolute paths, or patterns as in [filepath.Match].
	Roots []string
	// Registrations parses what runsc registered.
	Registrations *registration.Cache
	// VerifyProcesses: process ids in state files mean something here.
	VerifyProcesses bool
	// Processes is where to look for them.
	Processes host.Processes
	// WatchedProcesses is how many pidfds may be open at once.
	WatchedProcesses int
	Logger           *zap.Logger
}

// Discovery finds sandboxes.
type Discovery struct {
	settings Settings
}

// New prepares a discovery.
func New(settings Settings) *Discovery { return &Discovery{settings: settings} }

// Run tells the observer what there is and what changes, until the context
// ends. Nothing is left running then.
func (d *Discovery) Run(ctx context.Context, observer Observer) {
	logger := d.settings.Logger
	f := newFinder(d.settings, observer, time.Now)

	// A receiver of nil channels never gets anything.
	var events chan fsnotify.Event
	var lost chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = watcher.Close() }()
		f.watch = watcher.Add
		f.unwatch = func(path string) { _ = watcher.Remove(path) }
		events, lost = watcher.Events, watcher.Errors
	} else {
		f.watch = func(string) error { return err }
	}

	var exited <-chan int
	if table := d.settings.Processes; d.settings.VerifyProcesses {
		f.liveness.table = table
		f.ownProcessesOnly = table.Local() && !host.InitialPIDNamespace()
		if table.Local() {
			exits, err := host.NewExits(d.settings.WatchedProcesses)
			if err == nil {
				defer func() { _ = exits.Close() }()
				f.liveness.exits = exits
				exited = exits.Exited()
			} else {
				logger.Warn("The ends of gVisor sandboxes are looked for every few seconds only", zap.Error(err))
			}
		}
	}

	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			f.touched(event.Name)
		case err := <-lost:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				logger.Warn("Watching gVisor runtime roots failed for a moment", zap.Error(err))
			}
			f.overflowed()
		case pid := <-exited:
			f.set.exited(pid)
		case <-timer.C:
			f.work(ctx)
		}
		timer.Reset(time.Until(f.next()))
	}
}

// newFinder makes a finder that is told of no events.
func newFinder(settings Settings, observer Observer, now func() time.Time) *finder {
	liveness := &liveness{now: now, watchers: map[int]int{}}
	return &finder{
		patterns:  settings.Roots,
		observer:  observer,
		logger:    settings.Logger,
		now:       now,
		reader:    reader{now: now},
		condenser: newCondenser(settings.Registrations),
		set:       newSet(observer, liveness),
		liveness:  liveness,
		watch:     func(string) error { return nil },
		unwatch:   func(string) {},
		maxFiles:  maxFiles,
		roots:     map[string]*root{},
		pending:   map[*file]struct{}{},
	}
}
