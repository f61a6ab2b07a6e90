package collect

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Collection discovers, schedules and pulls the sandboxes of its runtimes.
type Collection struct {
	settings Settings
	limits   limits
	families receiverFamilies
	stats    runtimeStats
	// lifetimes are by runtime. The map is immutable.
	lifetimes map[string]*lifetimes
	pending   *pending
	started   time.Time
	panics    panics
	// stopping is set before everything is canceled. What runtimes report from then
	// on is ignored.
	stopping atomic.Bool

	// Set by Start.
	cancel    context.CancelFunc
	scheduler *scheduler
	// scheduled is closed when the scheduler and all pulls have ended.
	scheduled   <-chan struct{}
	discoveries []discovery
}

// discovery is the goroutine that runs the discovery of one runtime.
type discovery struct {
	runtime string
	done    <-chan struct{}
}

// New returns a collection, which does nothing before Start.
func New(settings Settings) *Collection {
	if settings.ReportError == nil {
		settings.ReportError = func(string, error) {}
	}
	if settings.Events == nil {
		settings.Events = lifecycle.Discard
	}
	return &Collection{
		settings: settings,
		limits:   defaultLimits,
		families: newReceiverFamilies(settings.Metrics),
		stats:    newRuntimeStats(settings.Runtimes),

		lifetimes: newLifetimes(settings.Runtimes),
		pending:   newPending(),
	}
}

// Start starts to discover and pull sandboxes in the background.
func (c *Collection) Start() {
	c.started = time.Now()
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	c.scheduler = newScheduler(c)
	c.scheduled = start(func() { c.scheduler.run(ctx) })
	for _, runtime := range c.settings.Runtimes {
		done := start(func() { c.watch(ctx, runtime) })
		c.discoveries = append(c.discoveries, discovery{runtime.Name(), done})
	}
}

// start runs a function in a goroutine and returns a channel that is closed when it
// has ended.
func start(run func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	return done
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
