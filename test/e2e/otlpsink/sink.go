//go:build linux

// Package otlpsink receives the metrics of a Collector under test: it is an
// OTLP/HTTP server that keeps all requests.
package otlpsink

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// Sink keeps all metrics that it receives.
type Sink struct {
	// Endpoint is the URL for an otlp_http exporter.
	Endpoint string

	mu       sync.Mutex
	received []pmetric.Metrics
}

// Start starts a sink that stops at the end of the test.
func Start(t *testing.T) *Sink {
	t.Helper()
	sink := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request := pmetricotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		sink.mu.Lock()
		sink.received = append(sink.received, request.Metrics())
		sink.mu.Unlock()
		response, err := pmetricotlp.NewExportResponse().MarshalProto()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(response)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sink.Endpoint = server.URL
	return sink
}

// Received returns all metrics received so far.
func (s *Sink) Received() []pmetric.Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]pmetric.Metrics(nil), s.received...)
}
