//go:build linux

// Package otlpsink is where a Collector under test sends its metrics: an OTLP
// server over HTTP that keeps what it gets.
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

// Sink keeps all metrics that were sent to it.
type Sink struct {
	// Endpoint is the URL for an otlp_http exporter.
	Endpoint string

	mu       sync.Mutex
	received []pmetric.Metrics
}

// Start starts a sink that ends with the test.
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
		answer, err := pmetricotlp.NewExportResponse().MarshalProto()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sink.Endpoint = server.URL
	return sink
}

// Received is all that came so far.
func (s *Sink) Received() []pmetric.Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]pmetric.Metrics(nil), s.received...)
}
