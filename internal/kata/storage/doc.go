// Package storage discovers sandboxes in the storage paths of Kata Containers
// and reads the state files that the Kata runtimes write there.
//
// A storage path contains one directory per sandbox. Both runtimes create the
// shim's socket in it, and a state file in their own format:
//
//	/run/vc/sbs/<id>/shim-monitor.sock    the runtime written in Go
//	/run/vc/sbs/<id>/persist.json
//	/run/kata/<id>/shim-monitor.sock      runtime-rs
//	/run/kata/<id>/state.json
//
// # What counts as a sandbox
//
// A sandbox is a real directory (not a symbolic link) whose name is a valid
// sandbox ID and which contains a socket named shim-monitor.sock. Every other
// entry is skipped, with a [Reason]: leftovers of a crash, virtual machine
// templates, the base directory of Firecracker's jailer.
//
// # Instances
//
// A sandbox ID can be reused. Each start of a shim creates a new socket, so the
// socket's inode and modification time identify one [Instance] of the sandbox.
// Both remain the same for as long as the shim runs, and reading them does not
// require access to /proc.
//
// # Which runtime
//
// A request that is harmless to one runtime can crash the shim of the other, so
// the flavor is determined for each directory. A state.json means runtime-rs.
// Without it, a persist.json or a storage path that ends in "sbs" means the Go
// runtime, unless the storage path ends in "kata". Everything else is treated
// as runtime-rs, the flavor that requires caution.
//
// # Secrets
//
// State files contain pod annotations and other data that can be confidential.
// Only the fields of [State] are read, and no error or log message quotes any
// other content.
package storage
