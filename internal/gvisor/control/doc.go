// Package control calls a gVisor sandbox over its control socket.
//
// The protocol (urpc) runs on a Unix stream socket. A request is one JSON value,
// and so is a response, with no length prefix and no delimiter. Calls on a
// connection are sequential:
//
//	→ {"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}
//	← {"success":true,"err":"","result":{"snapshot":{…}}}
//	← {"success":false,"err":"unknown method","result":null}
//
// # Connections are short-lived
//
// A sandbox whose workload has ended waits until its connections are closed,
// even idle ones, for 15 seconds unless runsc's --control-rpc-stop-timeout sets
// another time. A connection that is kept open would delay the exit of every
// container by that much. So a connection lasts for one pull, typically a
// millisecond, although reusing it would be cheaper.
//
// # Trust
//
// The same socket gives full control over the sandbox, so the few methods that
// may be called are constants of this package, and no other package can build a
// [Request]. In the other direction, the sandbox may be hostile: it may never
// respond, send a response without end, or attach file descriptors, which the
// kernel drops because reads pass no control buffer.
package control
