package inventory

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// stopTimeout is how long [Watch] waits for what hangs.
const stopTimeout = 5 * time.Second

// Watch collects the sandboxes as the receiver does, with its requests, until the context
// ends, and passes their transitions to a sink. It drops the metrics. reportError is
// called when the discovery of a runtime fails, and with nil when it works again.
func Watch(
	ctx context.Context, config *sandboxreceiver.Config, events lifecycle.Sink, reportError func(runtime string, err error),
) error {
	settings, selection := settingsOf(config)
	if config.Usage.Enabled {
		MeasureUsage(exitFigures...)(&settings)
		settings.Usage.Interval = config.Usage.Interval
	}
	runtimes, err := config.New(settings, zap.NewNop())
	if err != nil {
		return err
	}
	self, err := telemetry.New(component.TelemetrySettings{Logger: zap.NewNop(), MeterProvider: noop.NewMeterProvider()},
		component.NewID(sandboxreceiver.NewFactory().Type()), runtimes)
	if err != nil {
		return err
	}
	defer self.Shutdown()
	collection := collect.New(collect.Settings{
		// There is no initial delay, because events would be late, too.
		Interval:    config.CollectionInterval,
		Timeout:     config.Timeout,
		Runtimes:    runtimes,
		Sink:        discard{},
		Events:      events,
		Selects:     selection.Selector(),
		Logger:      zap.NewNop(),
		Telemetry:   self,
		ReportError: reportError,
	})
	collection.Start()
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(collection.StopPulls(stop), collection.StopDiscovery(stop))
}

// exitFigures are the metrics of usage that events about the end of a sandbox are based
// on.
var exitFigures = []string{
	cpuTime, memoryUsage, "sandbox.cpu.throttled_time", "sandbox.memory.peak", "sandbox.memory.oom_kills",
}

// discard is a sink that drops all metrics.
type discard struct{}

// Lanes implements [sandbox.Sink].
func (discard) Lanes() int { return 1 }

// Deliver implements [sandbox.Sink].
func (discard) Deliver(_ context.Context, _ int, deliveries []sandbox.Delivery) {
	for i := range deliveries {
		deliveries[i].Reading.Free()
	}
}
