// Package sandboxreceiver is an OpenTelemetry Collector receiver that finds the
// gVisor and Kata Containers sandboxes of a Linux host, pulls their metrics
// straight from their Unix sockets, verifies them, because a sandbox may be
// compromised and lie, and hands them to any pipeline.
//
// The package holds the component's surface alone: configuration, factory,
// start and stop. What it is made of:
//
//	internal/sandbox    the vocabulary, and the interfaces a runtime implements
//	internal/gvisor     finds, asks and verifies gVisor sandboxes
//	internal/kata       the same for Kata Containers
//	internal/collect    schedules pulls and hands batches over
//	internal/pdataconv  turns readings into pdata, in either naming
//	internal/host       the border to the operating system
//
// Another runtime is one more folder and one more line in runtimes.go.
package sandboxreceiver

//go:generate make generate
