// Package prometheusscrapeexporter is an exporter for the OpenTelemetry Collector that
// serves metrics on a page for Prometheus. It stores each series in the form in which the
// page needs it, so that neither a batch nor a scrape allocates memory per series.
//
// The package contains only the component itself: configuration, life cycle, HTTP handler
// and telemetry. internal/series holds the series, internal/render writes the formats and
// internal/pages shares pages between clients.
package prometheusscrapeexporter

//go:generate make -C ../.. generate
