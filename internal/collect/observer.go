package collect

import (
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// observer receives what the discovery of one runtime reports, from one
// goroutine.
type observer struct {
	c       *Collection
	runtime string
	// skipped holds the reason of every skipped path.
	skipped  map[string]string
	excluded excluded
}

var _ sandbox.Observer = (*observer)(nil)

func newObserver(c *Collection, runtime string) *observer {
	return &observer{c: c, runtime: runtime, skipped: map[string]string{}, excluded: newExcluded()}
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
	o.c.settings.Telemetry.SkippedPath(o.runtime, before, reason)
	fields := []zap.Field{zap.String("sandbox.runtime.name", o.runtime), zap.String("path", path)}
	if reason == "" {
		o.c.settings.Logger.Debug("Path is no longer skipped", fields...)
	} else {
		o.c.settings.Logger.Debug("Path is skipped", append(fields, zap.String("reason", reason))...)
	}
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
