// Package control asks a gVisor sandbox over its control socket.
//
// The protocol (urpc) runs on a Unix stream socket. A request is one JSON
// value, the answer another, with no length and nothing in between:
//
//	→ {"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}
//	← {"success":true,"err":"","result":{"snapshot":{…}}}
//	← {"success":false,"err":"unknown method","result":null}
//
// A connection takes one call at a time, and any number one after the other;
// it is kept between calls.
//
// The same socket gives full control over the sandbox, so the few methods that
// may be called are constants here, and a [Request] cannot be made elsewhere.
// In the other direction, the sandbox may be hostile: it may never answer,
// answer without end, send what nobody asked for, or attach file descriptors,
// which a read without a control buffer makes the kernel throw away.
package control
