// Package passive measures a Kata sandbox without contacting its shim. It reads
// what the kernel reports about the sandbox's processes on the host and about
// its cgroup.
//
// The samples have the names and units in which the shim reports them. Samples
// of the hypervisor and of virtiofsd use the names of the runtime written in Go,
// because runtime-rs does not report them. No shim reports cgroup samples; their
// names are defined in the catalog.
//
//	kata_shim_threads          5         of the shim
//	kata_shim_proc_stat        utime     of the shim, in clock ticks
//	kata_hypervisor_io_stat    readbytes of the hypervisor
//	kata_hypervisor_netdev     eth0, recv_bytes
//	kata_cgroup_memory         usage
//
// All data is read from a proc filesystem and a cgroup hierarchy with
// configurable roots. A process that is not visible in the PID namespace of the
// proc filesystem results in no samples and in no error.
package passive
