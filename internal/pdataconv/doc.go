// Package pdataconv converts readings to pdata. It is the only package that
// knows how both namings look in pdata:
//
//   - "otel": dotted names, UCUM units, identity on the resource only, entity
//     references and a schema URL;
//   - "prometheus": the names, types and help texts of the upstream exporters, no
//     units, and the identity labels of those exporters on every point, because a
//     Prometheus exporter distinguishes series by them and ignores the resource.
//
// A [Converter] is immutable and shared; a [Batch] belongs to one goroutine.
package pdataconv
