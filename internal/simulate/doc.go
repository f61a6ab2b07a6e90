// Package simulate simulates gVisor and Kata sandboxes, so that tests,
// benchmarks and sandboxctl can run the receiver without real runtimes. It
// serves thousands of sandboxes from one process, with the state files, sockets
// and responses of real ones and with values that change over time.
//
// This package holds what both runtimes share: the socket [Server], the values
// ([Motion]), the request counts ([Load]) and the type of hostile modes
// ([Mode]). The subpackages build on it:
//
//	gvisor   sandboxes in a runtime root: state files, locks, control sockets
//	kata     pods in a storage path: state files and shim monitor sockets
//	fleet    a directory with sandboxes of both; this is what most callers use
//
// # Hostile modes
//
// A mode is one way in which a hostile sandbox can harm the process that reads it,
// for example a response that never ends or a counter that decreases. The packages gvisor and kata list their modes in their
// documentation and in the functions Modes; the names of Kata modes start with
// "kata-".
//
// To add a mode, declare its constant and add an entry to the table in modes.go
// of the runtime's package. The tests of that package fail until the mode has a
// check in modes_test.go and is listed in the package documentation.
//
// # Values
//
// Values are functions of time and a seed instead of state, so that producing a
// response costs little more than copying it: a benchmark must not measure the
// simulator. The sandboxes work on Linux only; elsewhere the packages compile.
package simulate
