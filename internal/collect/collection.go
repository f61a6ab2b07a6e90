package collect

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Collection finds, schedules and pulls the sandboxes of its runtimes.
type Collection struct {
	settings  Settings
	limits    limits
	fixed     fixedFamilies
	telemetry *telemetry
	tallies   tallies
	status    status
	outlet    outlet
	inbox     inbox
	started   time.Time

	// Set by Start.
	cancelPulls   context.CancelFunc
	cancelHandout context.CancelFunc
	running       sync.WaitGroup // scheduler and watchers
	workers       []*worker
	working       sync.WaitGroup // workers
}

// New prepares a collection. Nothing runs before Start.
func New(settings Settings) (*Collection, error) {
	t, err := newTelemetry(&settings)
	if err != nil {
		return nil, err
	}
	if settings.Report == nil {
		settings.Report = func(*componentstatus.Event) {}
	}
	c := &Collection{
		settings:  settings,
		limits:    defaultLimits,
		fixed:     newFixedFamilies(settings.Metrics),
		telemetry: t,
		tallies:   newTallies(settings.Runtimes),
		status:    status{report: settings.Report},
		inbox:     newInbox(),
	}
	return c, nil
}

// Start begins to find and pull sandboxes. It returns at once.
func (c *Collection) Start() error {
	if err := c.telemetry.observe(); err != nil {
		return err
	}
	c.started = time.Now()
	var pulls, handout context.Context
	pulls, c.cancelPulls = context.WithCancel(context.Background())
	handout, c.cancelHandout = context.WithCancel(context.Background())
	for number := range c.limits.workers {
		w := newWorker(c, number)
		c.workers = append(c.workers, w)
		c.working.Go(func() { w.run(handout) })
	}
	c.running.Go(func() { newScheduler(c).run(pulls) })
	for _, runtime := range c.settings.Runtimes {
		c.running.Go(func() { c.watch(pulls, runtime) })
	}
	return nil
}

// watch runs one runtime's discovery.
func (c *Collection) watch(ctx context.Context, runtime sandbox.Runtime) {
	err := runtime.Watch(ctx, observer{c})
	if err != nil && ctx.Err() == nil {
		c.settings.Logger.Error("Finding sandboxes has stopped for good",
			zap.String("runtime", runtime.Name()), zap.Error(err))
		c.status.set(runtime.Name(), err)
	}
}

// Shutdown stops everything and waits for it: pulls are canceled, what has
// been pulled is handed over, within a second or until the context ends.
func (c *Collection) Shutdown(ctx context.Context) error {
	defer c.telemetry.shutdown()
	if c.cancelPulls == nil {
		return nil
	}
	c.cancelPulls()
	drain, cancel := context.WithTimeout(ctx, c.limits.drain)
	defer cancel()
	// Ends a hand-over that blocks.
	stop := context.AfterFunc(drain, c.cancelHandout)
	defer stop()
	c.running.Wait()
	for _, w := range c.workers {
		close(w.in)
	}
	c.working.Wait()
	c.cancelHandout()
	c.cancelPulls = nil
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return nil
}

// inbox is how others tell the scheduler something. Writers never wait.
type inbox struct {
	wake chan struct{}

	mu      sync.Mutex
	added   []sandbox.Sandbox
	gone    []sandbox.Sandbox
	refused []*member
}

func newInbox() inbox { return inbox{wake: make(chan struct{}, 1)} }

func (i *inbox) put(write func()) {
	i.mu.Lock()
	write()
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (i *inbox) take() (added, gone []sandbox.Sandbox, refused []*member) {
	i.mu.Lock()
	defer i.mu.Unlock()
	added, gone, refused = i.added, i.gone, i.refused
	i.added, i.gone, i.refused = nil, nil, nil
	return added, gone, refused
}

// repull asks for another pull of sandboxes whose points were refused.
func (c *Collection) repull(members []*member) {
	c.inbox.put(func() { c.inbox.refused = append(c.inbox.refused, members...) })
}

// observer is the side of the collection that runtimes see.
type observer struct{ c *Collection }

func (o observer) Added(s sandbox.Sandbox) {
	o.c.inbox.put(func() { o.c.inbox.added = append(o.c.inbox.added, s) })
}

func (o observer) Gone(s sandbox.Sandbox) {
	o.c.inbox.put(func() { o.c.inbox.gone = append(o.c.inbox.gone, s) })
}

func (o observer) Passed(runtime string, counts map[string]int) {
	o.c.telemetry.passedPaths(runtime, counts)
}

func (o observer) Trouble(runtime string, err error) {
	o.c.status.set(runtime, err)
}
