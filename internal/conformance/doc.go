// Package conformance compares the verdicts of this project's registration and
// snapshot packages with those of gVisor's own verifier, pkg/prometheus. It is
// a module of its own, so that nobody who uses the receiver depends on gVisor.
//
// What this project takes, gVisor's verifier must take as well. The other way
// round there are differences, and each has its reason in [StricterRules] and
// [StricterRegistrationRules].
//
// Two things stand between the verdicts, and neither is a judgment:
//
//   - The last bound of a histogram is +Inf, which JSON cannot express. gVisor's
//     encoder fails on it, so no sandbox of today sends a histogram. This project
//     passes over the last bound; on gVisor's side it is put right before
//     the verifier sees it.
//   - gVisor's verifier panics on a histogram whose sum of squared deviations
//     was a whole number once there were two samples, and its callers on an
//     entry that is null or has no metric. A panic is no verdict: [ErrPanic].
package conformance
