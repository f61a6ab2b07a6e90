// Package sandbox defines the vocabulary that all parts of the receiver share:
// the identity and state of a sandbox, the reading and the outcome of a pull, the metric families
// in both namings, and the interfaces between discovery, collection and output.
//
// It depends on no other package of the receiver and not on pdata. Dependencies
// point toward it: packages gvisor and kata implement [Runtime] and [Sandbox],
// package collect schedules sandboxes through these interfaces and passes each
// [Reading] to a [Sink], and package emit implements the sinks.
package sandbox
