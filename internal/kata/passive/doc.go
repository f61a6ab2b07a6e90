// Package passive reads what can be known about a Kata sandbox without asking
// its shim: what the kernel says about the processes on the host and about the
// control group.
//
// The samples have the names and units that the shim would give them. Those of
// the hypervisor and of virtiofsd are spelled as by the runtime written in Go,
// because runtime-rs has none; those of control groups have no twin at all, and
// are described in the catalog.
//
//	kata_shim_threads          5         of the shim
//	kata_shim_proc_stat        utime     of the shim, in clock ticks
//	kata_hypervisor_io_stat    readbytes of the virtual machine monitor
//	kata_hypervisor_netdev     eth0, recv_bytes
//	kata_cgroup_memory         usage
//
// Everything is read from a proc filesystem and a cgroup hierarchy whose roots
// can be set. A process in a PID namespace that cannot be seen from here has no
// samples; that is no error.
package passive
