package sandboxreceiver

import (
	"context"
	"runtime"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
)

// sandboxReceiver starts and stops a collection.
type sandboxReceiver struct {
	settings   receiver.Settings
	config     *Config
	next       consumer.Metrics
	collection *collect.Collection
}

func newReceiver(settings receiver.Settings, config *Config, next consumer.Metrics) *sandboxReceiver {
	return &sandboxReceiver{settings: settings, config: config, next: next}
}

// Start begins to find and pull sandboxes in the background. It fails only for
// what cannot heal; roots that are not there yet are waited for.
func (r *sandboxReceiver) Start(_ context.Context, collector component.Host) error {
	if runtime.GOOS != "linux" {
		return host.ErrUnsupported
	}
	runtimes, err := newRuntimes(r.config, r.settings.Logger)
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
	r.collection, err = collect.New(collect.Settings{
		Receiver:     r.settings.ID,
		Interval:     r.config.CollectionInterval,
		InitialDelay: r.config.InitialDelay,
		Timeout:      r.config.Timeout,
		Runtimes:     runtimes,
		Converter: pdataconv.New(pdataconv.Settings{
			Naming:     r.config.Naming,
			Attributes: r.config.ResourceAttributes,
			Version:    r.settings.BuildInfo.Version,
		}),
		Metrics:   r.config.Metrics,
		Next:      r.next,
		Logger:    r.settings.Logger,
		Telemetry: r.settings.TelemetrySettings,
		Obsreport: obsreport,
		Report:    func(event *componentstatus.Event) { componentstatus.ReportStatus(collector, event) },
	})
	if err != nil {
		return err
	}
	return r.collection.Start()
}

// Shutdown stops all that Start began, and waits for it.
func (r *sandboxReceiver) Shutdown(ctx context.Context) error {
	if r.collection == nil {
		return nil
	}
	return r.collection.Shutdown(ctx)
}
