// Package conformance compares the verdicts of this project's registration and
// snapshot packages with those of gVisor's own verifier, pkg/prometheus. It is
// a separate module, so that users of the receiver do not depend on gVisor.
//
// gVisor's verifier must accept everything that this project accepts. The
// reverse does not hold: [StricterRules] and [StricterRegistrationRules] list
// the rules by which this project rejects more, each with its reason.
//
// The comparison has to account for two properties of gVisor's verifier:
//
//   - It expects +Inf as the bound of the last bucket of a histogram, which JSON
//     cannot express. gVisor's encoder fails on it, so current sandboxes send no
//     histograms. This project ignores the bound; [Upstream.Read] sets it before
//     it calls gVisor's verifier.
//   - It panics on a histogram of two or more samples if the previous sum of
//     squared deviations was a whole number, and its callers panic on an entry
//     that is null or has no metric. A panic is not a verdict, so it is reported
//     as [ErrPanic].
package conformance
