// Package pdataconv turns readings into pdata. It is the one place that knows
// both namings:
//
//   - "otel": dotted names, UCUM units, identity on the resource alone, entity
//     references and a schema URL;
//   - "prometheus": the names, types and help texts of the runtimes' own
//     exporters, no units, and the identity labels of those exporters on every
//     point, because a Prometheus exporter tells series apart by them and
//     ignores the resource.
//
// A [Converter] is immutable and shared; a [Batch] belongs to one goroutine.
package pdataconv
