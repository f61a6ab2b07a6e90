package collect

import (
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// observer receives what the discovery of one runtime reports, from one
// goroutine.
type observer struct {
	c       *Collection
	runtime string
	// skipped holds the reason of every skipped path, and entries the number of
	// entries that were reported together.
	skipped  map[string]string
	entries  map[skippedEntries]int
	excluded excluded
	log      *sandbox.SkipLog
}

// skippedEntries are entries of a path that are skipped for the same reason.
type skippedEntries struct{ path, reason string }

var _ sandbox.Observer = (*observer)(nil)

func newObserver(c *Collection, runtime string) *observer {
	return &observer{
		c: c, runtime: runtime, skipped: map[string]string{}, entries: map[skippedEntries]int{}, excluded: newExcluded(),
		log: sandbox.NewSkipLog(c.settings.Logger.With(zap.String("sandbox.runtime.name", runtime))),
	}
}

func (o *observer) Added(s sandbox.Sandbox) {
	if path := o.c.exclude(s); path != "" {
		o.excluded.add(s, path)
		o.report(path, Excluded)
		return
	}
	if !o.c.pending.add(s) {
		o.c.discard(s)
	}
}

func (o *observer) Gone(s sandbox.Sandbox) {
	path := o.excluded.remove(s)
	if path == "" {
		o.c.pending.remove(s)
		return
	}
	if o.skipped[path] == Excluded && !o.excluded.has(path) {
		o.report(path, "")
	}
}

func (o *observer) Skipped(path, reason string) {
	if reason == "" && o.excluded.has(path) {
		reason = Excluded
	}
	o.report(path, reason)
}

func (o *observer) report(path, reason string) {
	before := o.skipped[path]
	if before == reason || o.c.stopping.Load() {
		return
	}
	if reason == "" {
		delete(o.skipped, path)
	} else {
		o.skipped[path] = reason
	}
	if before != "" {
		o.c.settings.Telemetry.SkippedPaths(o.runtime, before, -1)
	}
	if reason != "" {
		o.c.settings.Telemetry.SkippedPaths(o.runtime, reason, 1)
	}
	if reason != "" {
		o.c.settings.Events.Record(&lifecycle.Event{
			Name: lifecycle.Skipped, Time: time.Now(), Runtime: o.runtime, Path: path, SkipReason: reason,
		})
	}
	if reason == "" {
		o.log.Log(zap.DebugLevel, "Path is no longer skipped", path)
	} else {
		o.log.Log(zap.DebugLevel, "Path is skipped", path, zap.String("reason", reason))
	}
}

func (o *observer) SkippedEntries(path, reason string, count int) {
	key := skippedEntries{path, reason}
	before := o.entries[key]
	if before == count || o.c.stopping.Load() {
		return
	}
	if count == 0 {
		delete(o.entries, key)
	} else {
		o.entries[key] = count
	}
	o.c.settings.Telemetry.SkippedPaths(o.runtime, reason, int64(count-before))
	o.log.Log(zap.DebugLevel, "Number of skipped entries has changed", path, zap.String("reason", reason), zap.Int("entries", count))
}

func (o *observer) Scanned() {
	if o.c.stopping.Load() {
		return
	}
	o.c.settings.Logger.Debug("First scan is complete",
		zap.String("sandbox.runtime.name", o.runtime), zap.Int("skipped_paths", len(o.skipped)))
}

func (o *observer) DiscoveryError(err error) {
	if !o.c.stopping.Load() {
		o.c.settings.ReportError(o.runtime, err)
	}
}
