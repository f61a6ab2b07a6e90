// Package gvisor simulates gVisor sandboxes in a runtime root. Each [Sandbox]
// has what runsc creates: a state file with the registration of its metrics, a
// lock file, and a control socket that serves Metrics.Export,
// Metrics.GetRegisteredMetrics, containerManager.Event and Usage.Collect. All
// sandboxes run the same simulated build of runsc, whose metrics are listed in metrics.tsv.
//
// # Hostile modes
//
// A sandbox with a mode differs from an honest one in one respect. [Modes]
// describes each mode in a sentence; they fall into these groups:
//
//   - No response, or a response that does not end or is not a snapshot:
//     refuse, stall, stall-midway, trickle, truncated, garbage, endless-string,
//     endless-array, deep-nesting, huge, late, descriptors.
//   - Well-formed snapshots with false contents: counter-down, unknown-metric,
//     help-changed, duplicate, future, old, filter-ignored,
//     clock-back, clock-ahead.
//   - Registrations that are false, from sandboxes without one in their state
//     file: lying-registration, reserved-labels,
//     large-registration, stalled-registration, distinct-registration.
//   - Usage, while everything else is honest: usage-cpu-jump,
//     usage-cpu-fall, usage-memory, usage-many-interfaces, usage-new-interfaces,
//     usage-unknown-containers, usage-refused, usage-stall, usage-garbage,
//     usage-stall-midway, usage-trickle.
//   - State files that are wrong or unreadable: wrong-peer, half-written, locked,
//     hidden-process, created-ahead, mixed-annotations.
//
// To add a mode, declare its constant and add an entry to the table in modes.go:
// send replaces sending the response, alter changes the contents of a snapshot;
// usage.go has the modes that concern usage.
// A mode that concerns the state file is implemented where the file is written.
// Then add a check to modes_test.go, which fails for a mode without one, and the
// outcome that the receiver must report to the tests of internal/gvisor.
package gvisor
