package collect

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Collection discovers, schedules and pulls the sandboxes of its runtimes.
type Collection struct {
	settings Settings
	limits   limits
	families receiverFamilies
	stats    runtimeStats
	pending  *pending
	started  time.Time
	panics   panics

	// Set by Start.
	cancel  context.CancelFunc
	running sync.WaitGroup // scheduler and watchers
}

// New returns a collection, which does nothing before Start.
func New(settings Settings) *Collection {
	if settings.ReportError == nil {
		settings.ReportError = func(string, error) {}
	}
	return &Collection{
		settings: settings,
		limits:   defaultLimits,
		families: newReceiverFamilies(settings.Metrics),
		stats:    newRuntimeStats(settings.Runtimes),
		pending:  newPending(),
	}
}

// Start starts to discover and pull sandboxes in the background.
func (c *Collection) Start() {
	c.started = time.Now()
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	c.running.Go(func() { newScheduler(c).run(ctx) })
	for _, runtime := range c.settings.Runtimes {
		c.running.Go(func() { c.watch(ctx, runtime) })
	}
}

// watch runs the discovery of one runtime.
func (c *Collection) watch(ctx context.Context, runtime sandbox.Runtime) {
	err := c.watchSafely(ctx, runtime)
	if err != nil && ctx.Err() == nil {
		c.settings.Logger.Error("Sandbox discovery stopped permanently; please report this as a bug",
			zap.String("sandbox.runtime.name", runtime.Name()), zap.Error(err))
		c.settings.ReportError(runtime.Name(), err)
	}
}

// Shutdown cancels all pulls and waits until everything that Start started has
// ended. What was pulled before has been delivered to the sink by then.
func (c *Collection) Shutdown() {
	if c.cancel == nil {
		return
	}
	c.cancel()
	c.running.Wait()
}
