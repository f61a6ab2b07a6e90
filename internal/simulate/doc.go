// Package simulate makes sandboxes that do not exist: state files, sockets and
// answers as runsc and the Kata shims make them, thousands of them in one
// process, with values that move. The receiver cannot tell them from real ones,
// so tests, benchmarks and sandboxctl run it over them.
//
// A [Fleet] owns a directory and everything in it:
//
//	<dir>/runsc                  a runtime root: state files, locks, control sockets
//	<dir>/vc/sbs/<id>            a pod of Kata's Go runtime
//	<dir>/kata/<id>              a pod of Kata's runtime-rs
//
// Sandboxes may be hostile: each [Mode] is one way in which a sandbox, or what
// is left of one, can harm whoever asks it. [Modes] lists them all.
//
// Numbers are functions of time and of a seed rather than state, so that an
// answer is little more than copying: the simulator must not be what a
// benchmark measures. It works on Linux only.
package simulate
