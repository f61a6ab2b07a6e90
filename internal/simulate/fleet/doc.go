// Package fleet runs many simulated sandboxes in one directory, honest and
// hostile ones of both runtimes, as tests, benchmarks and sandboxctl need them.
// The receiver cannot distinguish them from real ones.
//
// A [Fleet] owns a directory and everything in it:
//
//	<dir>/runsc                  a runtime root: state files, locks, control sockets
//	<dir>/vc/sbs/<id>            a pod of Kata's Go runtime
//	<dir>/kata/<id>              a pod of Kata's runtime-rs
//
// With the option CgroupRoot, each sandbox also has a cgroup that a receiver without
// root can read.
//
// [Modes] lists the hostile modes of both runtimes. The documentation of the
// packages gvisor and kata describes how to add one.
package fleet
