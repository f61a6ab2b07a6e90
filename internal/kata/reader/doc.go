// Package reader parses the metrics response of a Kata shim into a verified
// [sandbox.Reading].
//
// # Which part of a response is trusted
//
// A response contains metrics that the shim measured on the host, and metrics
// that the agent in the guest reports. The guest can put any text into its
// part. A sample is therefore accepted only if the catalog has a row for it and
// the row is allowed in the part that contains the sample:
//
//   - The Go runtime writes its own families first, sorted by name, and then the
//     families of the guest in any order. The host part ends at the first name
//     that is not greater than the previous one, that has none of the prefixes
//     of host families, or that follows the last host family of the catalog.
//   - runtime-rs writes the text of the guest first and unmodified, then the
//     text of the hypervisor if that is Dragonball, then its own.
//     Each host part begins at the last occurrence of the HELP line of its first
//     family, so host samples are held until the end of the response. A
//     truncated response has no host part.
//
// A sample of a host family in the guest part is forged. Samples are dropped one
// by one and counted by [Reason], so a bad line affects no other line. Families
// that the catalog lacks are dropped as well, or counted as guest data and
// emitted as gauges, depending on [Options].
//
// The attributes that identify a sandbox never come from the text of its
// response. Guest data has a separate origin and thereby a separate
// instrumentation scope.
//
// # State between pulls
//
// A [Reader] remembers every series that it emitted, to detect duplicates and
// decreasing counters, and to list the series that end with the sandbox. It
// stores each label value once. Both are bounded, separately for the host and
// for the guest, and take a few KB with the default families.
//
// A counter that falls below its last value is dropped for that pull. If it is
// still below at the next pull, it has been reset (the agent restarted, or an
// interface was created again) and is emitted from there. If it has recovered,
// it only dipped, as the guest's iowait does, and no backend mistakes the dip
// for a reset.
package reader
