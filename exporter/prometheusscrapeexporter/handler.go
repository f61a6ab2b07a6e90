package prometheusscrapeexporter

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/pages"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
)

const metricsPath = "/metrics"

func (e *scrapeExporter) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(metricsPath, e.serveMetrics)
	return mux
}

func (e *scrapeExporter) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed: use GET", http.StatusMethodNotAllowed)
		return
	}
	started := time.Now()
	key := pages.Key{
		Format: render.Negotiate(r.Header.Get("Accept"), e.config.EnableOpenMetrics),
		Gzip:   render.AcceptsGzip(r.Header.Get("Accept-Encoding")),
	}
	page, err := e.pages.Acquire(r.Context(), key)
	if err != nil {
		http.Error(w, "failed to render the page: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer e.pages.Release(page)
	header := w.Header()
	header.Set("Content-Type", key.Format.ContentType())
	header.Set("Vary", "Accept, Accept-Encoding")
	header.Set("Content-Length", strconv.Itoa(page.Size()))
	if key.Gzip {
		header.Set("Content-Encoding", "gzip")
	}
	if r.Method == http.MethodHead {
		return
	}
	if e.send(w, page) {
		e.telemetry.recordScrape(r.Context(), time.Since(started), page.Size())
	}
}

// send writes a page to a client. It returns false if the client hangs up, or is
// disconnected because it is too slow.
func (e *scrapeExporter) send(w http.ResponseWriter, page *pages.Page) bool {
	stop := context.AfterFunc(page.Context, func() {
		// Fails only if the connection has no deadlines. Then, the write timeout of the
		// server applies.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now())
	})
	defer stop()
	_, err := page.WriteTo(w)
	return err == nil
}
