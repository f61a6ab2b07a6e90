package sandboxreceiver

import (
	"context"
	"errors"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/emit"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// sandboxReceiver composes the runtimes, the collection and the sink.
type sandboxReceiver struct {
	settings receiver.Settings
	config   *Config
	next     consumer.Metrics

	// Set by Start.
	telemetry  *telemetry.Telemetry
	collection *collect.Collection
	sink       *emit.Metrics
}

func newReceiver(settings receiver.Settings, config *Config, next consumer.Metrics) *sandboxReceiver {
	return &sandboxReceiver{settings: settings, config: config, next: next}
}

// Start starts to discover and pull sandboxes in the background. It fails only for
// permanent reasons; roots may appear later.
func (r *sandboxReceiver) Start(_ context.Context, collector component.Host) error {
	if runtime.GOOS != "linux" {
		return host.ErrUnsupported
	}
	runtimes, err := r.config.New(r.config.runtimeSettings(), r.settings.Logger)
	if err != nil {
		return err
	}
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             r.settings.ID,
		Transport:              "unix",
		ReceiverCreateSettings: r.settings,
	})
	if err != nil {
		return err
	}
	self, err := telemetry.New(r.settings.TelemetrySettings, r.settings.ID, runtimes)
	if err != nil {
		return err
	}
	if err := self.Start(); err != nil {
		self.Shutdown()
		return err
	}
	r.telemetry = self
	status := &status{report: func(event *componentstatus.Event) { componentstatus.ReportStatus(collector, event) }}
	r.sink = emit.NewMetrics(emit.Settings{
		Converter: pdataconv.New(pdataconv.Settings{
			Naming:      r.config.Naming,
			Attributes:  r.config.ResourceAttributes,
			Annotations: r.config.Annotations.Allow,
			Version:     r.settings.BuildInfo.Version,
		}),
		Next:        r.next,
		Obsreport:   obsreport,
		Telemetry:   self,
		Logger:      r.settings.Logger,
		ReportError: func(err error) { status.set("pipeline", err) },
	})
	r.collection = collect.New(collect.Settings{
		Interval:     r.config.CollectionInterval,
		InitialDelay: r.config.InitialDelay,
		Timeout:      r.config.Timeout,
		Runtimes:     runtimes,
		Selects:      r.config.selection().Selector(),
		Sink:         r.sink,
		Metrics:      r.config.Metrics,
		Logger:       r.settings.Logger,
		Telemetry:    self,
		ReportError:  status.set,
	})
	r.sink.Start()
	r.collection.Start()
	startedReceivers.add(r)
	return nil
}

// shutdownTimeout is how long Shutdown waits if its context does not end before. It is
// shorter than the time after which process managers kill a process.
const shutdownTimeout = 5 * time.Second

// Shutdown stops everything that Start started and waits for it, until the context
// ends and at most for 5 s. What was pulled before is sent, within a second. The error
// states what did not stop, for example discovery in a file system that does not
// respond. When that returns later, it ends without effect.
func (r *sandboxReceiver) Shutdown(ctx context.Context) error {
	if r.collection == nil {
		return nil
	}
	startedReceivers.remove(r)
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	// Pulls that do not end must leave time to send what others have pulled.
	deadline, _ := ctx.Deadline()
	pulls, cancelPulls := context.WithTimeout(ctx, time.Until(deadline)/2)
	defer cancelPulls()
	err := r.collection.StopPulls(pulls)
	err = errors.Join(err, r.sink.Shutdown(ctx))
	err = errors.Join(err, r.collection.StopDiscovery(ctx))
	r.telemetry.Shutdown()
	return err
}
