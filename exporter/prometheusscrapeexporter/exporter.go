package prometheusscrapeexporter

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/pages"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

const (
	// maxHeaderBytes limits the headers of a request.
	maxHeaderBytes = 64 << 10
	// shutdownTimeout is how long responses may take at shutdown.
	shutdownTimeout = time.Second
	// maxSweepInterval is how much longer than metric_expiration a series may use memory.
	maxSweepInterval = 30 * time.Second
	minSweepInterval = time.Second
)

// scrapeExporter is the component.
type scrapeExporter struct {
	config    *Config
	settings  exporter.Settings
	telemetry *telemetry
	store     *series.Store
	pages     *pages.Pages

	server *http.Server
	stop   context.CancelFunc
	wait   sync.WaitGroup
}

func newExporter(config *Config, settings exporter.Settings) (*scrapeExporter, error) {
	e := &scrapeExporter{config: config, settings: settings}
	e.store = series.NewStore(series.Options{
		Strategy:       config.TranslationStrategy,
		Namespace:      config.Namespace,
		ConstLabels:    config.ConstLabels,
		ResourceLabels: config.ResourceToTelemetryConversion.Enabled,
		ExcludeService: config.ResourceToTelemetryConversion.ExcludeServiceAttributes,
		WithoutScope:   config.WithoutScopeInfo,
		Created:        config.EnableCreatedLines,
		Expiration:     config.MetricExpiration,
		MaxSeries:      config.MaxSeries,
		OnConflict:     e.logConflict,
	})
	var err error
	e.telemetry, err = newTelemetry(settings, e.store)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (e *scrapeExporter) consume(_ context.Context, metrics pmetric.Metrics) error {
	e.telemetry.recordDrops(e.store.Consume(metrics, time.Now()))
	return nil
}

func (e *scrapeExporter) start(ctx context.Context, host component.Host) error {
	renderer := render.New(e.store, render.Options{
		Timestamps: e.config.SendTimestamps,
		Created:    e.config.EnableCreatedLines,
		UTF8:       names.UTF8Allowed(e.config.TranslationStrategy),
	})
	e.pages = pages.New(func(w io.Writer, format render.Format) error {
		return renderer.Render(w, format, time.Now())
	})
	listener, err := e.config.ServerConfig.ToListener(ctx)
	if err != nil {
		return err
	}
	e.server, err = e.config.ServerConfig.ToServer(ctx, host.GetExtensions(), e.settings.TelemetrySettings, e.handler())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e.server.MaxHeaderBytes = maxHeaderBytes
	e.wait.Go(func() { e.serve(listener, host) })

	sweepCtx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.wait.Go(func() { e.sweep(sweepCtx) })
	return nil
}

func (e *scrapeExporter) serve(listener net.Listener, host component.Host) {
	err := e.server.Serve(listener)
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
	}
}

// sweep removes expired series, whether the page is scraped or not.
func (e *scrapeExporter) sweep(ctx context.Context) {
	ticker := time.NewTicker(min(max(e.config.MetricExpiration/4, minSweepInterval), maxSweepInterval))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.store.Sweep(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (e *scrapeExporter) shutdown(ctx context.Context) error {
	e.telemetry.shutdown()
	if e.stop == nil {
		if e.pages != nil {
			e.pages.Close()
		}
		return nil
	}
	e.stop()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := e.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// Slow clients lose the rest of their page.
		err = e.server.Close()
	}
	e.pages.Close()
	e.wait.Wait()
	return err
}

// logConflict is called once for each family that loses a conflict.
func (e *scrapeExporter) logConflict(lost, won *series.Family) {
	e.settings.Logger.Warn("Metric is not served because more resources use its name for another one",
		zap.String("metric", lost.Name), zap.Stringer("type", lost.Kind),
		zap.String("served_metric", won.Name), zap.Stringer("served_type", won.Kind))
}
