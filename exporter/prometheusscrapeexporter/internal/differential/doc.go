// Package differential compares the exporter with the Prometheus exporter of
// OpenTelemetry Collector Contrib: both get the same batches, and both pages are read with
// the parsers of Prometheus. It is a separate module, so that the exporter does not depend
// on Contrib.
package differential
