package collect

import (
	"slices"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// lifetimes counts the sandboxes of one runtime that start and end, so that those that
// live for less than an interval count, too.
type lifetimes struct {
	mu      sync.Mutex
	starts  int64
	exits   [len(sandbox.ExitReasons)]int64
	lived   durations
	startup durations
}

// durations is a histogram of durations in seconds. Bounds are upper bounds.
type durations struct {
	bounds  []float64
	buckets []uint64
	count   uint64
	sum     float64
}

// Sandboxes live for seconds, as those of functions do, up to weeks; they start within
// fractions of a second, unless images or volumes are slow.
var (
	lifetimeBounds = []float64{1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 43200, 86400, 604800}
	startupBounds  = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
)

func newDurations(bounds []float64) durations {
	return durations{bounds: bounds, buckets: make([]uint64, len(bounds)+1)}
}

func (d *durations) record(duration time.Duration) {
	seconds := duration.Seconds()
	at, _ := slices.BinarySearch(d.bounds, seconds)
	d.buckets[at]++
	d.count++
	d.sum += seconds
}

func (d *durations) distribution() sandbox.Distribution {
	return sandbox.Distribution{Count: d.count, Sum: d.sum, Bounds: d.bounds, Buckets: d.buckets}
}

func newLifetimes(runtimes []sandbox.Runtime) map[string]*lifetimes {
	all := map[string]*lifetimes{}
	for _, runtime := range runtimes {
		all[runtime.Name()] = &lifetimes{lived: newDurations(lifetimeBounds), startup: newDurations(startupBounds)}
	}
	return all
}

func (l *lifetimes) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starts++
}

func (l *lifetimes) started(after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.startup.record(after)
}

func (l *lifetimes) end(exit *sandbox.Exit) {
	reason := slices.Index(sandbox.ExitReasons[:], exit.Reason)
	if reason < 0 {
		reason = slices.Index(sandbox.ExitReasons[:], sandbox.ExitUnknown)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.exits[reason]++
	if exit.Known.Has(sandbox.ExitLifetime) {
		l.lived.record(exit.Lifetime)
	}
}

// recordStartup records, once, how long a sandbox took to run that was created after the
// receiver started.
func (c *Collection) recordStartup(t *target) {
	if t.events.startup || !c.isNew(t) {
		return
	}
	id := t.sandbox.Identity()
	running := t.sandbox.Running()
	if running.IsZero() {
		return
	}
	t.events.startup = true
	if took := running.Sub(id.Created); took >= -maxFileTimeLag {
		c.lifetimes[id.Runtime].started(max(0, took))
	}
}

// maxFileTimeLag is how far the modification time of a file can be behind the clock: a
// tick of the kernel.
const maxFileTimeLag = 10 * time.Millisecond

// lifetimeDescriptors are the descriptors of the metrics about all sandboxes of a
// runtime.
func lifetimeDescriptors() (starts, exits, lifetime, startup sandbox.Descriptor) {
	runtime := []string{"sandbox.runtime.name"}
	return sandbox.Descriptor{
			Name:        "sandbox.starts",
			Description: "Number of sandboxes that were created and discovered since the receiver started.",
			Unit:        "{sandbox}",
			Kind:        sandbox.Counter,
			LabelKeys:   runtime,
		}, sandbox.Descriptor{
			Name:        "sandbox.exits",
			Description: "Number of sandboxes that have ended since the receiver started, by reason.",
			Unit:        "{sandbox}",
			Kind:        sandbox.Counter,
			LabelKeys:   []string{"sandbox.runtime.name", "sandbox.exit.reason"},
		}, sandbox.Descriptor{
			Name:        "sandbox.lifetime",
			Description: "Time from the start or restore of sandboxes to their end.",
			Unit:        "s",
			Kind:        sandbox.Histogram,
			LabelKeys:   runtime,
		}, sandbox.Descriptor{
			Name:        "sandbox.startup.duration",
			Description: "Time from the creation of sandboxes until their workload runs.",
			Unit:        "s",
			Kind:        sandbox.Histogram,
			LabelKeys:   runtime,
		}
}

// appendLifetimes appends the metrics about all sandboxes of a runtime. A counter starts
// at 0, so that its first increase is visible.
func (f *receiverFamilies) appendLifetimes(r *sandbox.Reading, runtime string, l *lifetimes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.starts != nil {
		r.AddLabeled(f.starts, sandbox.Int(l.starts), runtime)
	}
	if f.exits != nil {
		for i, reason := range sandbox.ExitReasons {
			r.AddLabeled(f.exits, sandbox.Int(l.exits[i]), runtime, string(reason))
		}
	}
	for _, row := range []struct {
		family *sandbox.Family
		values sandbox.Distribution
	}{{f.lifetime, l.lived.distribution()}, {f.startup, l.startup.distribution()}} {
		if row.family != nil {
			r.Points = append(r.Points, sandbox.Point{
				Family: row.family, Labels: r.Labels(runtime), Distribution: r.Distribution(&row.values),
			})
		}
	}
}
