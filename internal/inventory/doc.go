// Package inventory lists the sandboxes of this host once, with the configuration, the
// limits and the guard of the receiver, for command-line tools. It opens no port and
// writes nothing.
//
// [Discover] returns every candidate, with its identity, its state, and why it is not
// collected. With [HostFilesOnly], no connection to a Kata shim is opened; gVisor
// sandboxes are contacted only by [Item.Pull].
package inventory
