// Package kata is the Kata Containers runtime. It discovers sandboxes by their
// directories in the storage paths (package storage), decides whether their shims
// may be contacted (guard), requests their metrics (shim), verifies the responses
// (reader), and reads what is available on the host for the others (passive).
//
// # Identity
//
// A sandbox is reported once its pod is known, and its identity never changes
// after that. The pod comes from the state file or, if an endpoint is configured,
// from the container runtime, which takes precedence. If neither provides the pod
// within a few seconds, the sandbox is reported without a pod, permanently.
//
// # Safety
//
// A request is sent to a shim only if the guard allows it, the socket still
// belongs to the instance that the guard's decision is about, and the process that
// listens on the socket runs as root. A shim receives a request at most every 10
// seconds, and never two at the same time, even if several receivers of a process
// collect it: they share a record of each shim.
//
// Some shims of the Go runtime spin after a response with a malformed guest part, and
// each further request adds a loop. After an incomplete response, no request is sent
// until the CPU usage of the shim has been measured, and none at all if the shim
// spins, or if responses were repeatedly incomplete. A shim that is older than the
// receiver may be spinning because of an earlier receiver, so it is measured before the
// first request. The measurement consists of two readings of /proc and needs no goroutine:
// the first follows the response or the discovery, the second precedes a pull.
//
// A hypervisor in trusted_hypervisors is trusted only in shims that run the installed
// executable, because pods keep their shim after an upgrade.
//
// If a shim must not receive requests, or not yet, the receiver opens a connection once and
// closes it without sending a byte, to determine the process ID of the shim, which the
// files of the sandbox do not contain. Outside the PID namespace of the host, the
// process ID remains unknown, and only the cgroup can be read.
//
// # Usage
//
// Usage requires no additional request: usage in the guest is part of the responses
// to the requests for metrics (package guest), and usage on the host is read from the
// cgroup and the processes of the sandbox. Kata divides a sandbox between two cgroups
// unless the option sandbox_cgroup_only is set, depending on the version of cgroups:
//
//	                      sandbox cgroup            overhead cgroup
//	sandbox_cgroup_only   all                       none
//	cgroups version 2     hypervisor                shim, virtiofsd
//	cgroups version 1     threads of virtual CPUs   shim, virtiofsd, hypervisor
//
// The sandbox cgroup is used only if it contains the shim, and therefore everything
// that the shim starts. Otherwise the processes are measured, each once, and never in
// addition to a cgroup.
package kata
