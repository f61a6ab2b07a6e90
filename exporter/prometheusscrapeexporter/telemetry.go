package prometheusscrapeexporter

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// telemetry is the exporter's own telemetry.
type telemetry struct {
	logger  *zap.Logger
	builder *metadata.TelemetryBuilder
	// exporter are the attributes of all metrics, dropped those of dropped points by reason.
	exporter metric.MeasurementOption
	dropped  map[series.Reason]metric.MeasurementOption

	mu     sync.Mutex
	logged map[series.Reason]bool
}

func newTelemetry(settings exporter.Settings, store *series.Store) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("exporter", settings.ID.String())
	t := &telemetry{
		logger:   settings.Logger,
		builder:  builder,
		exporter: metric.WithAttributeSet(attribute.NewSet(id)),
		dropped:  make(map[series.Reason]metric.MeasurementOption),
		logged:   make(map[series.Reason]bool),
	}
	for _, reason := range series.Reasons() {
		t.dropped[reason] = metric.WithAttributeSet(attribute.NewSet(id, attribute.String("reason", reason.String())))
	}
	err = errors.Join(
		builder.RegisterExporterPrometheusScrapeSeriesCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(store.Stats().Lines), t.exporter)
			return nil
		}),
		builder.RegisterExporterPrometheusScrapeResourcesCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(store.Stats().Resources), t.exporter)
			return nil
		}),
	)
	if err != nil {
		builder.Shutdown()
		return nil, err
	}
	return t, nil
}

// recordDrops counts dropped points. The first drop for each reason is logged.
func (t *telemetry) recordDrops(result series.Result) {
	if len(result.First) == 0 {
		return
	}
	for _, reason := range series.Reasons() {
		if count := result.Dropped[reason]; count > 0 {
			t.builder.ExporterPrometheusScrapeDroppedPoints.Add(context.Background(), int64(count), t.dropped[reason])
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, drop := range result.First {
		// The store logs type conflicts, with both metrics. Old timestamps are common where
		// several sources write the same series.
		if t.logged[drop.Reason] || drop.Reason == series.TypeConflict || drop.Reason == series.OldTimestamp {
			continue
		}
		t.logged[drop.Reason] = true
		t.logger.Warn("Dropped points; further points that are dropped for this reason are only counted",
			zap.Stringer("reason", drop.Reason), zap.String("metric", drop.Metric), zap.Error(drop.Err))
	}
}

func (t *telemetry) recordScrape(ctx context.Context, duration time.Duration, size int) {
	t.builder.ExporterPrometheusScrapeDuration.Record(ctx, duration.Seconds(), t.exporter)
	t.builder.ExporterPrometheusScrapeSize.Record(ctx, int64(size), t.exporter)
}

func (t *telemetry) shutdown() {
	t.builder.Shutdown()
}
