// Package reader turns what a Kata shim answers into a verified
// [sandbox.Reading].
//
// # Whom to believe
//
// One answer holds what the shim measured on the host and what the agent in the
// guest says. The guest can put any text into its part. So every sample has to
// be of a row of the catalog, and of one that may stand where it stands:
//
//   - The runtime written in Go writes its own families first, in the order of
//     their names, and then those of the guest, in any order. The host part ends
//     with the first name that is not above the one before, that no host family
//     could have, or that comes after the last host family of the catalog.
//   - runtime-rs writes the guest's text first and as it is, then that of the
//     virtual machine monitor if it is Dragonball, then its own. A part begins
//     at the last place where the beginning of its first family stands, so
//     nothing is decided before the end of the answer. An answer that breaks
//     off has no host part.
//
// A sample of a host family in the guest part is forged. Samples are left out,
// and counted by [Reason], one by one: a bad line costs only itself.
//
// Nothing that tells who a sandbox is comes from its text. Guest data has an
// origin of its own and thereby a scope of its own.
//
// # What stays between two pulls
//
// A [Reader] remembers each series it delivered: to tell a duplicate, to see a
// counter going backwards, and to say which series end with the sandbox. It
// holds the texts of labels once. Both are bounded, more tightly for what the
// guest says, and in the default preset take a few KB.
//
// A counter below its last value is left out once. If it is still below at the
// next pull, it counts as started anew (the agent restarted, or an interface
// was made again); if it is not, it only dipped, as the guest's iowait does, and
// no backend takes that for a restart.
package reader
