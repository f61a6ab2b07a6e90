package prometheusscrapeexporter

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metadatatest"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
)

func TestTelemetry(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	core, logs := observer.New(zap.WarnLevel)
	settings := metadatatest.NewSettings(telemetry)
	settings.Logger = zap.New(core)
	e := newTarget(t, settings, func(c *Config) { c.WithoutScopeInfo = true })
	id := attribute.String("exporter", settings.ID.String())
	build := func() metricstest.Batch {
		batch := metricstest.New()
		r := batch.Resource("service.name", "a")
		r.Gauge("x", 1, "__reserved", "1")
		r.Gauge("x_total", 1)
		r.Counter("x", 1)
		r.Histogram("h", []float64{1}, 1, 1)
		return batch
	}
	for range 2 {
		require.NoError(t, e.ConsumeMetrics(t.Context(), build().Metrics))
	}
	e.request(t, http.MethodGet, "/metrics")

	metadatatest.AssertEqualExporterPrometheusScrapeDroppedPoints(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: attribute.NewSet(id, attribute.String("reason", "invalid_name"))},
		{Value: 2, Attributes: attribute.NewSet(id, attribute.String("reason", "type_conflict"))},
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterPrometheusScrapeSeries(t, telemetry,
		[]metricdata.DataPoint[int64]{{Value: 6, Attributes: attribute.NewSet(id)}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterPrometheusScrapeResources(t, telemetry,
		[]metricdata.DataPoint[int64]{{Value: 1, Attributes: attribute.NewSet(id)}}, metricdatatest.IgnoreTimestamp())
	for _, name := range []string{"otelcol_exporter_prometheus_scrape_duration", "otelcol_exporter_prometheus_scrape_size"} {
		_, err := telemetry.GetMetric(name)
		require.NoError(t, err, name)
	}

	require.Len(t, logs.All(), 2, "each kind is logged once")
	conflict := logs.FilterMessageSnippet("more resources").All()
	require.Len(t, conflict, 1)
	assert.Equal(t, map[string]any{
		"metric": "x_total", "type": "gauge", "served_metric": "x_total", "served_type": "counter",
	}, conflict[0].ContextMap())
	dropped := logs.FilterMessageSnippet("Dropped points").All()
	require.Len(t, dropped, 1)
	assert.Equal(t, "invalid_name", dropped[0].ContextMap()["reason"])
}
