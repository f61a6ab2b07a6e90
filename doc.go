// Package sandboxreceiver is an OpenTelemetry Collector receiver that discovers the
// gVisor and Kata Containers sandboxes on a Linux host, pulls their metrics from their
// Unix sockets and sends them to any pipeline. A sandbox may be compromised, so
// everything it sends is bounded and verified.
//
// The package contains only the component itself: configuration, factory, start and
// stop. docs/architecture.md describes the packages that it is made of.
package sandboxreceiver

//go:generate make generate
