// Package shim sends requests to Kata shims over their Unix sockets.
//
// A shim serves HTTP/1.1 without timeouts and without limits. Some of its paths
// change the sandbox or run programs in the guest, so this package can send only
// two fixed, read-only requests:
//
//	GET /metrics      metrics of the shim, the hypervisor and the guest
//	GET /agent-url    address of the agent
//
// Each request has a separate connection, which the shim closes after its
// response: an idle connection would permanently occupy a file descriptor of the
// shim. All goroutines of a call have ended when the call returns.
//
// # Errors
//
// Every error of this package is a [sandbox.Failure], including every error from
// the body of a response except io.EOF:
//
//	Unreachable   no process listens on the socket, or permission is denied
//	WrongPeer     an unexpected process listens on the socket
//	Refused       the status is not 200
//	Malformed     not HTTP/1, or compressed although this was not requested
//	Oversize      the head or the body exceeds its limit
//	Disconnected  the connection was closed before the end of the response
//	Timeout       the deadline of the context passed
//	Canceled      the context was canceled
package shim
