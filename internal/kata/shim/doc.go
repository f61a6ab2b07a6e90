// Package shim asks Kata shims over their Unix sockets.
//
// A shim serves HTTP/1.1 without timeouts and without limits, and among its
// paths there are some that change the sandbox or run programs in the guest.
// So there are exactly two things that can be asked, fixed requests that read:
//
//	GET /metrics      what the shim, the hypervisor and the guest report
//	GET /agent-url    where the agent listens
//
// Each request has a connection of its own, which the shim closes after the
// answer: an idle connection would cost the shim a file descriptor for good.
// Nothing is left running when a call returns.
//
// # Errors
//
// Every error is a [sandbox.Failure], and so is every error of the body but its
// end:
//
//	Unreachable   nobody listens, or the socket may not be opened
//	WrongPeer     the process that listens is not the one expected
//	Refused       a status other than 200
//	Malformed     no HTTP/1, or compressed, which nobody asked for
//	Oversize      a head or a body beyond its limit
//	Disconnected  the connection ended before the answer did
//	Timeout       the context's deadline passed
//	Canceled     the context was canceled
package shim
