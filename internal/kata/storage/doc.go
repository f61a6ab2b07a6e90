// Package storage finds sandboxes in the storage paths of Kata Containers, and
// reads what the runtimes wrote there about them.
//
// A storage path has one directory for each sandbox. Both runtimes put the
// shim's socket into it, and a state file of their own:
//
//	/run/vc/sbs/<id>/shim-monitor.sock    the runtime written in Go
//	/run/vc/sbs/<id>/persist.json
//	/run/kata/<id>/shim-monitor.sock      runtime-rs
//	/run/kata/<id>/state.json
//
// # What is a sandbox
//
// Only a real directory (no symbolic link) whose name is a valid id and that
// holds a socket of that name. All else is passed over, and counted by
// [Reason]: what a crash left behind, templates of virtual machines, the base
// of Firecracker's jailer.
//
// # Lives
//
// The same id can be used again. Each start of a shim makes a new socket, so
// its inode and its modification time tell one [Life] from every other; both
// stay as they are for as long as the shim runs, and need no view of /proc.
//
// # Which runtime
//
// The same request that is harmless to one runtime can kill the other, so the
// flavor is decided for each directory: state.json means runtime-rs. Without
// it, persist.json, or a storage path that ends in "sbs", means the Go runtime,
// unless the path ends in "kata". Everything else is taken for runtime-rs,
// which is the one that is treated with care.
//
// # Secrets
//
// State files hold the annotations of pods and other things that are nobody's
// business. Only the fields of [State] are read; no error and no log quotes the
// rest.
package storage
