package differential

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter"
)

// instance is a running exporter that listens on a Unix socket.
type instance struct {
	exporter.Metrics
	client http.Client
}

// pair are both exporters with the same configuration.
type pair struct {
	ours, stock *instance
}

func newPair(t testing.TB, options map[string]any) pair {
	t.Helper()
	return newPairOn(t, componenttest.NewNopHost(), options)
}

func newPairOn(t testing.TB, on component.Host, options map[string]any) pair {
	t.Helper()
	return pair{
		ours:  newInstance(t, on, prometheusscrapeexporter.NewFactory(), options),
		stock: newInstance(t, on, prometheusexporter.NewFactory(), options),
	}
}

func newInstance(t testing.TB, on component.Host, factory exporter.Factory, options map[string]any) *instance {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	values := map[string]any{"endpoint": socket, "transport": "unix"}
	maps.Copy(values, options)
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))
	metrics, err := factory.CreateMetrics(t.Context(), exportertest.NewNopSettings(factory.Type()), config)
	require.NoError(t, err)
	require.NoError(t, metrics.Start(t.Context(), on))
	i := &instance{Metrics: metrics}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	i.client.Transport = transport
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, metrics.Shutdown(context.Background()))
	})
	return i
}

// consume gives each exporter its own copy, because the stock exporter changes it.
func (p pair) consume(t testing.TB, metrics pmetric.Metrics) {
	t.Helper()
	for _, i := range []*instance{p.ours, p.stock} {
		own := pmetric.NewMetrics()
		metrics.CopyTo(own)
		require.NoError(t, i.ConsumeMetrics(t.Context(), own))
	}
}

// scrape returns the page and its type.
func (i *instance) scrape(t testing.TB, accept string) (page []byte, contentType string) {
	t.Helper()
	page, contentType = i.page(t, accept)
	require.NotContains(t, string(page), "An error has occurred")
	return page, contentType
}

// page returns the page, or the error that the stock exporter serves if all metrics fail.
func (i *instance) page(t testing.TB, accept string) (page []byte, contentType string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://exporter/metrics", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	response, err := i.client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	page, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	if response.StatusCode != http.StatusOK {
		return []byte("# An error has occurred\n"), acceptText
	}
	return page, response.Header.Get("Content-Type")
}
