// Package event reads the usage of a gVisor sandbox from its responses to
// containerManager.Event: it decodes a response, verifies it against the host and
// earlier responses, and accumulates its counters.
//
// There is one request per container:
//
//	{"success":true,"err":"","result":{
//	  "event":{"type":"stats","id":"web","data":{
//	    "cpu":{"usage":{}},
//	    "memory":{"usage":{"limit":0,"usage":2867200,"failcnt":0},…},
//	    "pids":{"current":3},
//	    "network_interfaces":[
//	      {"Name":"eth0","RxBytes":8662849,"RxPackets":1203,"RxErrors":0,"RxDropped":0,
//	       "TxBytes":10347371,"TxPackets":1203,"TxErrors":0,"TxDropped":0}]}},
//	  "containerUsage":{"web":529010000000}}}
//
// Figures that are zero may be missing. All other keys are skipped: "cpu" is
// empty, because runsc fills it in from the cgroup of the sandbox.
//
// # What the figures mean
//
//   - CPU time ("containerUsage") is in nanoseconds since the start of each
//     container, in steps of 10 ms, and each response has that of all containers.
//     The key is the ID of the container, or its name if the sandbox has mounted
//     cgroups of version 1. It is the time of the processes that exist and of
//     those that these have waited for. When a process that was started with
//     runsc exec exits, its time is discarded, so the figure can decrease.
//   - Processes ("pids") are the tasks of the requested container.
//   - Memory is that of the sandbox, divided by the number of containers other
//     than the root container, whose share is 0. It is a measurement of a container
//     only if the sandbox has no other. The sum over all containers is always that
//     of the sandbox.
//   - Network interfaces are those of the sandbox, in every response. With the
//     network of the host, all counters are zero.
//
// # Accumulation
//
// An [Account] emits counters that never decrease: it adds the increase of a figure
// since the last response. After a figure has decreased, or was missing, the new one
// becomes the base and adds nothing: usage in between is lost. This applies for CPU time and for the counters of network interfaces.
//
// A checkpoint contains CPU times, so the first response of a restored sandbox is
// only the base, and CPU time counts from there.
//
// # Verification
//
// A response is either correct in every respect or rejected as a whole; see
// [Rule]. CPU time cannot grow faster than time passes on all CPUs. The same holds
// for the first figures of all containers and the time since the start. Releases
// of gVisor before 2025 also count the time in which a thread waits for a CPU: if
// such a sandbox has more busy threads than the host has CPUs, it is rejected.
//
// Containers that are not known from files of the host, network interfaces with
// an impossible name, and those beyond [maxInterfaces] are dropped.
//
// A sandbox that refuses the request, because it does not know the container or
// because a release of gVisor before 2026 cannot measure the network of the host
// (google/gvisor#12723), violates no rule: the outcome is
// [sandbox.Refused], and a later request may succeed.
package event
