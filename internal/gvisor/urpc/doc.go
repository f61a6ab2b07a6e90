// Package urpc decodes responses of urpc, the protocol of a gVisor sandbox's
// control socket, and maps errors of reading them to outcomes of a pull.
//
//	{"success":true,"err":"","result":{"snapshot":{…}}}
//	{"success":false,"err":"unknown method","result":null}
//
// The sandbox may be hostile, so a response is decoded while it arrives, within
// the limits of its scanner. A key that occurs twice, or in another case, and
// bytes that arrive after the response make it malformed.
package urpc
