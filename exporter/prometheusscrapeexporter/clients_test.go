package prometheusscrapeexporter

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/metricstest"
)

// A hundred clients at once, some of which do not read or hang up, neither make the
// exporter use much memory nor stop consumption. The page has 13 MB.
func TestManyClients(t *testing.T) {
	const sandboxes, maxMemory = 1000, 200 << 20
	e := newTarget(t, nopSettings(), func(c *Config) { c.WithoutScopeInfo = true })
	for first := 0; first < sandboxes; first += 50 {
		require.NoError(t, e.ConsumeMetrics(t.Context(), metricstest.Sandboxes(first, 50, 0, true)))
	}
	for range 3 {
		connection := e.connect(t)
		defer func() { _ = connection.Close() }()
	}
	for range 20 {
		require.NoError(t, e.connect(t).Close())
	}

	var complete atomic.Int32
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() {
			size, err := e.size(t.Context())
			if assert.NoError(t, err) && assert.Greater(t, size, int64(10<<20)) {
				complete.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	batches := 0
	for running := true; running; batches++ {
		require.NoError(t, e.ConsumeMetrics(t.Context(), metricstest.Sandboxes(batches%sandboxes, 1, 1, true)))
		select {
		case <-done:
			running = false
		default:
		}
	}
	assert.EqualValues(t, 100, complete.Load())
	assert.Greater(t, batches, 100)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	assert.Less(t, memory.Sys, uint64(maxMemory))
	t.Logf("%d batches during the scrapes, %d MB of memory", batches, memory.Sys>>20)
}

// connect sends a request and reads the beginning of the response.
func (e target) connect(t *testing.T) net.Conn {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "unix", e.socket)
	require.NoError(t, err)
	_, err = connection.Write([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	_, err = connection.Read(make([]byte, 1))
	require.NoError(t, err)
	return connection
}

// size scrapes the page and returns its size.
func (e target) size(ctx context.Context) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://exporter/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.Copy(io.Discard, response.Body)
}
