// Package control asks a gVisor sandbox over its control socket.
//
// The protocol (urpc) runs on a Unix stream socket. A request is one JSON
// value, the answer another, with no length and nothing in between; a connection
// takes one call after the other:
//
//	→ {"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}
//	← {"success":true,"err":"","result":{"snapshot":{…}}}
//	← {"success":false,"err":"unknown method","result":null}
//
// # Connections are brief
//
// A sandbox whose workload has ended waits for its connections to be closed, for
// 15 seconds unless runsc's --control-rpc-stop-timeout says otherwise, even if
// they are idle. Whoever kept one open would make every container seem to exit
// that much later. So a connection lasts for one pull, a millisecond usually,
// although one that is kept would be cheaper.
//
// # Trust
//
// The same socket gives full control over the sandbox, so the few methods that
// may be called are constants here, and a [Request] cannot be made elsewhere.
// In the other direction, the sandbox may be hostile: it may never answer,
// answer without end, or attach file descriptors, which a read without a control
// buffer makes the kernel throw away.
package control
