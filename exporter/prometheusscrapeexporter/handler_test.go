package prometheusscrapeexporter

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
)

// target is a running exporter that listens on a Unix socket, and a client for it.
type target struct {
	exporter.Metrics
	client *http.Client
	socket string
}

func newTarget(t *testing.T, settings exporter.Settings, change ...func(*Config)) target {
	t.Helper()
	return newTargetOn(t, componenttest.NewNopHost(), settings, change...)
}

func newTargetOn(t *testing.T, host component.Host, settings exporter.Settings, change ...func(*Config)) target {
	t.Helper()
	config, ok := createDefaultConfig().(*Config)
	require.True(t, ok)
	socket := filepath.Join(t.TempDir(), "s")
	config.ServerConfig.NetAddr.Transport = "unix"
	config.ServerConfig.NetAddr.Endpoint = socket
	for _, c := range change {
		c(config)
	}
	e, err := NewFactory().CreateMetrics(t.Context(), settings, config)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, e.Shutdown(context.Background()))
	})
	return target{Metrics: e, client: &http.Client{Transport: transport}, socket: socket}
}

func nopSettings() exporter.Settings { return exportertest.NewNopSettings(metadata.Type) }

func (e target) fill(t *testing.T) {
	t.Helper()
	batch := metricstest.New()
	batch.Resource().Gauge("memory.usage", 5)
	batch.Resource().Counter("requests", 6)
	require.NoError(t, e.ConsumeMetrics(t.Context(), batch.Metrics))
}

func (e target) request(t *testing.T, method, path string, headers ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://exporter"+path, http.NoBody)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	got, err := e.client.Do(request)
	require.NoError(t, err)
	defer func() { assert.NoError(t, got.Body.Close()) }()
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return response{status: got.StatusCode, header: got.Header, body: string(body)}
}

type response struct {
	status int
	header http.Header
	body   string
}

const page = "# HELP memory_usage Help of memory.usage.\n# TYPE memory_usage gauge\nmemory_usage 5\n" +
	"# HELP requests_total Help of requests.\n# TYPE requests_total counter\nrequests_total 6\n"

func TestScrape(t *testing.T) {
	e := newTarget(t, nopSettings())
	e.fill(t)
	got := e.request(t, http.MethodGet, "/metrics")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", got.header.Get("Content-Type"))
	assert.Equal(t, page, got.body)
}

func TestCompressedScrape(t *testing.T) {
	e := newTarget(t, nopSettings())
	e.fill(t)
	for range 2 {
		got := e.request(t, http.MethodGet, "/metrics", "Accept-Encoding", "zstd, gzip")
		assert.Equal(t, "gzip", got.header.Get("Content-Encoding"))
		reader, err := gzip.NewReader(strings.NewReader(got.body))
		require.NoError(t, err)
		plain, err := io.ReadAll(reader)
		require.NoError(t, err)
		assert.Equal(t, page, string(plain))
	}
	got := e.request(t, http.MethodGet, "/metrics", "Accept-Encoding", "gzip;q=0")
	assert.Empty(t, got.header.Get("Content-Encoding"))
	assert.Equal(t, page, got.body)
}

func TestOpenMetricsByNegotiation(t *testing.T) {
	const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
	e := newTarget(t, nopSettings(), func(c *Config) { c.EnableOpenMetrics = true })
	e.fill(t)
	got := e.request(t, http.MethodGet, "/metrics", "Accept", accept)
	assert.Equal(t, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", got.header.Get("Content-Type"))
	assert.Contains(t, got.body, "# TYPE requests counter\nrequests_total 6\n# EOF\n")

	disabled := newTarget(t, nopSettings())
	got = disabled.request(t, http.MethodGet, "/metrics", "Accept", accept)
	assert.Contains(t, got.header.Get("Content-Type"), "text/plain")
}

func TestOtherRequests(t *testing.T) {
	e := newTarget(t, nopSettings())
	e.fill(t)
	for name, test := range map[string]struct {
		method, path string
		headers      []string
		want         int
	}{
		"head":         {http.MethodHead, "/metrics", nil, http.StatusOK},
		"post":         {http.MethodPost, "/metrics", nil, http.StatusMethodNotAllowed},
		"delete":       {http.MethodDelete, "/metrics", nil, http.StatusMethodNotAllowed},
		"root":         {http.MethodGet, "/", nil, http.StatusNotFound},
		"long accept":  {http.MethodGet, "/metrics", []string{"Accept", strings.Repeat("a/b,", 10_000)}, http.StatusOK},
		"long headers": {http.MethodGet, "/metrics", []string{"X", strings.Repeat("x", 1<<20)}, http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.request(t, test.method, test.path, test.headers...)
			assert.Equal(t, test.want, got.status)
		})
	}
}

// A client that does not read its page neither delays shutdown nor other clients.
func TestSlowClientDoesNotDelayShutdown(t *testing.T) {
	e := newTarget(t, nopSettings(), func(c *Config) { c.ServerConfig.WriteTimeout = 0 })
	require.NoError(t, e.ConsumeMetrics(t.Context(), metricstest.Sandboxes(0, 200, 0, true)))
	for range 3 {
		connection := e.connect(t)
		defer func() { _ = connection.Close() }()
	}
	got := e.request(t, http.MethodGet, "/metrics")
	assert.Equal(t, 200*70, strings.Count(got.body, "sandbox="))
}

func TestConsumeGoesOnDuringScrapes(t *testing.T) {
	e := newTarget(t, nopSettings())
	stop := make(chan struct{})
	var producer sync.WaitGroup
	producer.Go(func() {
		for cycle := int64(0); ; cycle++ {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, e.ConsumeMetrics(t.Context(), metricstest.Sandboxes(int(cycle%20), 5, cycle, true)))
			}
		}
	})
	for range 50 {
		got := e.request(t, http.MethodGet, "/metrics")
		assert.True(t, got.body == "" || strings.HasSuffix(got.body, "\n"))
	}
	close(stop)
	producer.Wait()
}
