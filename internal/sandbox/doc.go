// Package sandbox is the vocabulary of the receiver: what a sandbox is, what
// one reading of it holds, how a family of metrics is called in either naming,
// and the interfaces that every runtime implements.
//
// It knows no runtime and no pdata. Dependencies point toward it: gvisor and
// kata implement [Runtime] and [Sandbox], collect schedules them through these
// interfaces alone, pdataconv turns a [Reading] into pdata.
package sandbox
