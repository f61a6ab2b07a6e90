// Package kata is the Kata Containers runtime. It discovers sandboxes by their
// directories in the storage paths (package storage), decides whether their shims
// may be contacted (guard), requests their metrics (shim), verifies the responses
// (reader), and reads what is available on the host for the others (passive).
//
// # Identity
//
// A sandbox is reported when its pod is known, and its identity never changes
// from then on. The pod comes from the state file, or from the container runtime
// if an endpoint is configured, which takes precedence. If neither has the pod
// within a few seconds, the sandbox is reported without one, permanently.
//
// # Safety
//
// Nothing is sent to a shim unless the guard allows it, the socket is still that
// of the instance for which it decided, and the process that listens belongs to
// root. A shim is contacted at most every 10 seconds, and never concurrently.
//
// To a shim that must not be contacted, the receiver opens one connection and
// closes it without sending a byte, to learn the process ID of the shim. The files
// of the sandbox contain no more than that; without the host's PID namespace it is
// unknown, and only the cgroup can be read.
package kata
