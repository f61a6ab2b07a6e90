// Package host is the receiver's interface to the operating system: it opens
// files that another user may have planted, takes advisory locks, connects to
// Unix sockets and identifies their peers, watches processes, and reads /proc
// and cgroups. No other package imports golang.org/x/sys.
//
// It reads /proc and cgroups itself instead of through
// github.com/prometheus/procfs and github.com/containerd/cgroups, because the
// metrics need few fields: it opens only the files with those fields, below a
// configurable root, rejects symbolic links and files above a size limit, and
// allocates nothing per field. Those libraries parse every field into structs
// and maps, follow symbolic links, and either have no size limit or silently
// cut a file off at a fixed one.
//
// The package compiles on every operating system; functions that need a Linux
// system call return [ErrUnsupported] elsewhere.
package host
