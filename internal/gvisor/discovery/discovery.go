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

// Settings configure a [Discovery].
type Settings struct {
	// Roots are absolute paths of runtime roots, or patterns as accepted by
	// [filepath.Match].
	Roots []string
	// Configured reports whether Roots are more than the defaults, so that each is
	// expected to contain sandboxes.
	Configured bool
	// Annotations are the keys of the annotations that are kept.
	Annotations []string
	// Registrations parses the registrations in state files.
	Registrations *registration.Cache
	// VerifyProcesses enables checks of sandbox processes. It requires that the
	// process IDs in state files are valid in Processes.
	VerifyProcesses bool
	// Processes is the process table of the host.
	Processes host.Processes
	// MaxWatchedProcesses limits the number of open pidfds.
	MaxWatchedProcesses int
	Logger              *zap.Logger
}

// Discovery discovers sandboxes.
type Discovery struct {
	settings Settings
}

// New returns a discovery that [Discovery.Run] starts.
func New(settings Settings) *Discovery { return &Discovery{settings: settings} }

// Run reports sandboxes and their changes to the observer until the context ends.
// When it returns, everything that it started has stopped.
func (d *Discovery) Run(ctx context.Context, observer Observer) {
	logger := d.settings.Logger
	f := newFinder(d.settings, observer, time.Now)

	// These channels stay nil if there is nothing to receive from.
	var events chan fsnotify.Event
	var watchErrors chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = watcher.Close() }()
		f.watch = watcher.Add
		f.unwatch = func(path string) { _ = watcher.Remove(path) }
		events, watchErrors = watcher.Events, watcher.Errors
	} else {
		f.watch = func(string) error { return err }
	}

	var exited <-chan host.Exit
	if processes := d.settings.Processes; d.settings.VerifyProcesses {
		f.liveness.processes = processes
		f.liveness.ownProcessesOnly = processes.Local() && !host.InitialPIDNamespace()
		if processes.Local() {
			exits, err := host.NewExits(d.settings.MaxWatchedProcesses)
			if err == nil {
				defer func() { _ = exits.Close() }()
				f.liveness.exits = exits
				exited = exits.Exited()
			} else {
				logger.Warn("pidfd is unavailable; polling for exits of gVisor sandboxes", zap.Error(err))
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
			f.handleEvent(event.Name)
		case err := <-watchErrors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				logger.Warn("Failed to read inotify events; rescanning gVisor runtime roots", zap.Error(err))
			}
			f.rescanAll()
		case exit := <-exited:
			f.set.handleExit(exit)
		case <-timer.C:
			f.runDue(ctx)
		}
		timer.Reset(time.Until(f.nextDue()))
	}
}
