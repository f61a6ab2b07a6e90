package gvisor

import (
	"sync"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// UnknownMetrics is how metrics are handled that a sandbox has registered itself
// and that are known neither from a state file nor from gVisor's releases.
type UnknownMetrics string

const (
	// DropUnknown drops and counts their points.
	DropUnknown UnknownMetrics = "drop"
	// KeepUnknown emits them under names of their own.
	KeepUnknown UnknownMetrics = "keep"
)

// unknownMetrics are the values of the option.
var unknownMetrics = [...]UnknownMetrics{DropUnknown, KeepUnknown}

// unknownLog logs each dropped metric once per version of runsc.
type unknownLog struct {
	logger *zap.Logger
	// keep means that only metrics are dropped that cannot be kept.
	keep bool

	mu     sync.Mutex
	logged map[unknownKey]bool
}

type unknownKey struct{ name, version string }

// maxLoggedUnknown limits the number of log records, because sandboxes choose
// the names.
const maxLoggedUnknown = 100

// log logs the metrics of a registration that were dropped.
func (l *unknownLog) log(known *registration.Registration, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logged == nil {
		l.logged = map[unknownKey]bool{}
	}
	for _, name := range known.Dropped() {
		key := unknownKey{name, version}
		if len(l.logged) >= maxLoggedUnknown {
			return
		}
		if l.logged[key] {
			continue
		}
		l.logged[key] = true
		message := "Dropping metric that only the sandbox itself registers: " +
			"start sandboxes with --metric-server, or set gvisor::unknown_metrics: keep"
		if l.keep {
			message = "Dropping metric whose name or labels are ambiguous in Prometheus: " +
				"start sandboxes with --metric-server"
		}
		l.logger.Warn(message, zap.String("metric", name), zap.String("sandbox.runtime.version", version))
		if len(l.logged) == maxLoggedUnknown {
			l.logger.Warn("Further unknown metrics are dropped without a log record", zap.Int("logged", maxLoggedUnknown))
		}
	}
}
