//go:build linux

// Package otlpsink receives the metrics and log records of a Collector under test: it
// is an OTLP/HTTP server that keeps all requests.
package otlpsink

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// Sink keeps all metrics and log records that it receives.
type Sink struct {
	// Endpoint is the URL for an otlp_http exporter.
	Endpoint string

	mu       sync.Mutex
	received []pmetric.Metrics
	logs     []plog.Logs
}

// Start starts a sink that stops at the end of the test.
func Start(t *testing.T) *Sink {
	t.Helper()
	sink := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/metrics", handle(func(body []byte) ([]byte, error) {
		request := pmetricotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil {
			return nil, err
		}
		sink.mu.Lock()
		defer sink.mu.Unlock()
		sink.received = append(sink.received, request.Metrics())
		return pmetricotlp.NewExportResponse().MarshalProto()
	}))
	mux.HandleFunc("POST /v1/logs", handle(func(body []byte) ([]byte, error) {
		request := plogotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil {
			return nil, err
		}
		sink.mu.Lock()
		defer sink.mu.Unlock()
		sink.logs = append(sink.logs, request.Logs())
		return plogotlp.NewExportResponse().MarshalProto()
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	sink.Endpoint = server.URL
	return sink
}

// handle returns a handler for requests with the function that returns the response to a
// body.
func handle(respond func(body []byte) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var response []byte
		if err == nil {
			response, err = respond(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(response)
	}
}

// Logs returns all log records received so far.
func (s *Sink) Logs() []plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]plog.Logs(nil), s.logs...)
}

// Received returns all metrics received so far.
func (s *Sink) Received() []pmetric.Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]pmetric.Metrics(nil), s.received...)
}
