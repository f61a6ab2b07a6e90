//go:build linux

package e2e

import (
	"fmt"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
)

// pages are pages with the same series, one for each exporter.
type pages []*collector.Page

// Eventually fetches each page until check returns nil.
func (p pages) Eventually(check func(page.Page) error) {
	for _, served := range p {
		served.Eventually(check)
	}
}

// startBoth is like [startCompatible]. The exporter prometheus serves the same series on
// a second page.
func startBoth(t *testing.T, config string) pages {
	t.Helper()
	stock := collector.NewPage(t)
	served := startCompatible(t, config, fmt.Sprintf(`
exporters:
  prometheus:
    endpoint: %q
    translation_strategy: UnderscoreEscapingWithoutSuffixes
    without_scope_info: true
    send_timestamps: true
    metric_expiration: 1h
service:
  pipelines:
    metrics/gvisor: {exporters: [prometheus_scrape/gvisor, prometheus]}
`, stock.Address))
	return pages{served, stock}
}
