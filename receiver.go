package sandboxreceiver

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/emit"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// sandboxReceiver composes the runtimes, the collection and the sinks.
type sandboxReceiver struct {
	settings receiver.Settings
	config   *Config
	// metrics and logs are the pipelines, nil if the receiver is not part of any of that
	// signal.
	metrics consumer.Metrics
	logs    consumer.Logs
	status  status

	// Set by Start.
	telemetry  *telemetry.Telemetry
	events     *lifecycle.Recorder
	collection *collect.Collection
	// metricSink and logSink are nil without a pipeline.
	metricSink *emit.Metrics
	logSink    *emit.Logs
}

func newReceiver(settings receiver.Settings, config *Config) *sandboxReceiver {
	return &sandboxReceiver{settings: settings, config: config}
}

// Start starts to discover and pull sandboxes in the background. It fails only for
// permanent reasons; roots may appear later.
func (r *sandboxReceiver) Start(context.Context) error {
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
	sink := r.startSinks(obsreport)
	r.collection = collect.New(collect.Settings{
		Interval:     r.config.CollectionInterval,
		InitialDelay: r.config.InitialDelay,
		Timeout:      r.config.Timeout,
		Runtimes:     runtimes,
		Selects:      r.config.selection().Selector(),
		Sink:         sink,
		Events:       r.events,
		Metrics:      r.config.Metrics,
		Logger:       r.settings.Logger,
		Telemetry:    self,
		ReportError:  r.status.set,
	})
	r.collection.Start()
	startedReceivers.add(r)
	return nil
}

// startSinks starts the sinks for metrics and events. Without a metrics pipeline,
// sandboxes are pulled all the same, because the state of a sandbox depends on whether
// it responds.
func (r *sandboxReceiver) startSinks(obsreport *receiverhelper.ObsReport) sandbox.Sink {
	converter := pdataconv.New(pdataconv.Settings{
		Naming:      r.config.Naming,
		Attributes:  r.config.ResourceAttributes,
		Annotations: r.config.Annotations.Allow,
		Version:     r.settings.BuildInfo.Version,
	})
	sinks := []lifecycle.Sink{lifecycle.NewLogger(r.settings.Logger)}
	if r.logs != nil {
		enabled := enabledEvents(&r.config.Events)
		r.logSink = emit.NewLogs(emit.LogSettings{
			Converter: converter,
			Next:      r.logs,
			Obsreport: obsreport,
			Logger:    r.settings.Logger,
			Enabled:   func(name lifecycle.Name) bool { return enabled[name] },
			OnDrop: func(reason string, events, unreported int) {
				r.events.Drop(reason, events, unreported)
			},
			ReportError: func(err error) { r.status.set(logsPipeline, err) },
		})
		sinks = append(sinks, r.logSink)
	}
	r.events = lifecycle.NewRecorder(lifecycle.Settings{Sinks: sinks, OnDrop: r.telemetry.DroppedEvents})
	if r.logSink != nil {
		r.logSink.Start()
	}
	if r.metrics == nil {
		return emit.Discard{}
	}
	r.metricSink = emit.NewMetrics(emit.Settings{
		Converter:   converter,
		Next:        r.metrics,
		Obsreport:   obsreport,
		Telemetry:   r.telemetry,
		Logger:      r.settings.Logger,
		ReportError: func(err error) { r.status.set(metricsPipeline, err) },
	})
	r.metricSink.Start()
	return r.metricSink
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
	r.events.Close()
	err = errors.Join(err, r.stopSinks(ctx))
	err = errors.Join(err, r.collection.StopDiscovery(ctx))
	r.telemetry.Shutdown()
	return err
}

// disconnect makes sure that the pipeline of a signal is not called anymore, and sends what
// is left for it before. Everything else goes on.
func (r *sandboxReceiver) disconnect(ctx context.Context, signal signal) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	switch {
	case signal == metricsSignal && r.metricSink != nil:
		defer r.status.set(metricsPipeline, nil)
		return r.metricSink.Shutdown(ctx)
	case signal == metricsSignal:
		r.metrics = nil
	case r.logSink != nil:
		defer r.status.set(logsPipeline, nil)
		return r.logSink.Shutdown(ctx)
	default:
		r.logs = nil
	}
	return nil
}

// metricsPipeline and logsPipeline are parts of the status.
const (
	metricsPipeline = "pipeline"
	logsPipeline    = "logs pipeline"
)

// stopSinks stops both sinks at the same time, so that a pipeline that hangs does not
// take the time of the other one.
func (r *sandboxReceiver) stopSinks(ctx context.Context) error {
	var (
		stopping   sync.WaitGroup
		metricsErr error
		logsErr    error
	)
	if r.metricSink != nil {
		stopping.Go(func() { metricsErr = r.metricSink.Shutdown(ctx) })
	}
	if r.logSink != nil {
		stopping.Go(func() { logsErr = r.logSink.Shutdown(ctx) })
	}
	stopping.Wait()
	return errors.Join(metricsErr, logsErr)
}
