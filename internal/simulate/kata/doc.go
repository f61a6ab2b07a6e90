// Package kata simulates Kata pods in a storage path. Each [Pod] has what its
// shim creates: a directory with state files and a socket that serves /metrics
// over HTTP. The text resembles that of the Go runtime or of runtime-rs,
// including the difference that matters to a receiver: the Go runtime parses the
// guest's text and prints it again, runtime-rs passes it on unchanged.
//
// The metric families are listed in the directory families, the text that a
// hostile guest sends in the directory hostile.
//
// # Hostile modes
//
// A pod with a mode differs from an honest one in one respect. [Modes] describes
// each mode in a sentence; they fall into these groups:
//
//   - No response, or a response that does not end: kata-refuse,
//     kata-hang-before-host, kata-hang-after-host, kata-trickle, kata-endless,
//     kata-truncated, kata-huge, kata-many-series, kata-missing-newline,
//     kata-spinning.
//   - A guest that forges metrics: kata-forged-host, kata-spoofed-labels,
//     kata-type-flips, kata-quoted-names, kata-newline-injection. Every forged
//     sample has the value [ForgedValue].
//   - Files that are wrong: kata-created-ahead, kata-mixed-annotations.
//
// To add a mode, declare its constant and add an entry to the table in modes.go:
// guest inserts text into the guest part, send replaces sending the response.
// Then add a check to modes_test.go, which fails for a mode without one, and the
// outcome that the receiver must report to the tests of internal/kata.
package kata
