package collect

import (
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	// logInterval is the shortest time between two log records about failures of
	// the same sandbox.
	logInterval = 5 * time.Minute
	// maxLoggedError is the longest error text that is logged.
	maxLoggedError = 500
)

// logChange logs when a sandbox starts to fail, fails in another way, or
// recovers. Telemetry counts every failure.
func (c *Collection) logChange(t *target, before *health, err error) {
	after := &t.health
	if before.outcome == after.outcome || after.outcome == sandbox.Canceled || after.outcome == sandbox.Gone {
		return
	}
	id := t.sandbox.Identity()
	fields := []zap.Field{
		zap.String("sandbox.runtime.name", id.Runtime),
		zap.String("sandbox.id", id.ID),
		zap.String("sandbox.iteration", id.Iteration),
	}
	if after.outcome == sandbox.OK {
		if t.failing {
			t.failing = false
			c.settings.Logger.Info("Sandbox metrics are pulled successfully again",
				append(fields, zap.Int("failed_pulls", before.failures))...)
		}
		return
	}
	if !t.logged.IsZero() && time.Since(t.logged) < logInterval {
		return
	}
	t.logged, t.failing = time.Now(), true
	// The text may quote the sandbox.
	text := err.Error()
	if len(text) > maxLoggedError {
		text = text[:maxLoggedError] + "…"
	}
	c.settings.Logger.Warn("Failed to pull sandbox metrics",
		append(fields, zap.String("error.type", string(sandbox.ErrorTypeOf(err))), zap.String("error", text))...)
}

// reportPodConflict counts and logs a sandbox whose pod is not identified, because the
// evidence conflicts.
func (c *Collection) reportPodConflict(id *sandbox.Identity) {
	if !id.PodConflict {
		return
	}
	c.settings.Telemetry.PodConflict(id.Runtime)
	c.settings.Logger.Warn("Omitting the pod name of a sandbox: its annotations contradict its cgroup path, its bundle path "+
		"or each other; remove from the pod all annotations that are reserved for the container runtime",
		zap.String("sandbox.runtime.name", id.Runtime), zap.String("sandbox.id", id.ID), zap.String("root", id.Root),
		zap.String("k8s.pod.uid", id.Pod.UID))
}
