// Package host is the receiver's border to the operating system: opening files
// that others may have planted, advisory locks, Unix sockets and who listens on
// them, and processes. No other package imports golang.org/x/sys.
//
// It exists for Linux; elsewhere every function returns [ErrUnsupported].
package host

import "errors"

// Errors of this package, to be told apart with [errors.Is].
var (
	// ErrUnsupported: this operating system is not Linux.
	ErrUnsupported = errors.New("the sandbox receiver works on Linux only")
	// ErrNotRegular: the path is a symbolic link, FIFO, socket, device or
	// directory where a regular file was expected.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge: the file holds more bytes than it may.
	ErrTooLarge = errors.New("larger than the limit")
	// ErrLocked: another process holds the lock.
	ErrLocked = errors.New("locked by another process")
	// ErrNoProcess: there is no process with this id, or it is a zombie.
	ErrNoProcess = errors.New("no such process")
	// ErrTooMany: more than the limit would be open or watched at once.
	ErrTooMany = errors.New("too many at once")
	// ErrWouldWait: nothing can be read or written now.
	ErrWouldWait = errors.New("it would have to wait")
)

// FileID tells versions of a file apart without reading it: a file with the
// same FileID has not been written to since.
type FileID struct {
	Device, Inode uint64
	Size          int64
	// ModTime and ChangeTime are nanoseconds since the epoch.
	ModTime, ChangeTime int64
}

// Peer is who listens on the other end of a Unix socket. PID is 0 if that
// process is in a PID namespace that cannot be seen from here.
type Peer struct {
	PID      int
	UID, GID uint32
}
