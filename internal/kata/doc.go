// Package kata makes sandboxes of Kata Containers available to the collection:
// it finds them (package storage), decides whether their shims may be asked
// (guard), asks them (shim), verifies what they answer (reader), and reads about
// the others on the host (passive).
//
// # Identity
//
// A sandbox is reported when it is known whose it is, and its identity never
// changes from then on. The pod comes from the state file, or from the
// container runtime if there is an endpoint for it, whose word counts more. If
// neither has anything to say within a few seconds, the sandbox is reported
// without a pod, for good.
//
// # Safety
//
// Nothing is sent to a shim unless the guard allows it, the socket is still
// that of the life the decision was made for, and the process that listens
// belongs to root. A shim is asked at most every 10 seconds, and never twice at
// once.
//
// To a shim that is not asked, one connection is opened and closed again without
// a byte having been sent, to learn which process it is. Its files say no more
// than that; without the host's PID namespace, that is nothing, and only the
// control group can be read.
package kata
