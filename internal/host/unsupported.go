//go:build !linux

package host

import (
	"context"
	"io"
	"net"
	"os"
	"time"
)

// OpenRegular is not supported here.
func OpenRegular(string) (*os.File, FileID, error) { return nil, FileID{}, ErrUnsupported }

// ReadRegular is not supported here.
func ReadRegular(string, int64, []byte) ([]byte, FileID, error) { return nil, FileID{}, ErrUnsupported }

// Stat is not supported here.
func Stat(string) (FileID, error) { return FileID{}, ErrUnsupported }

// TryLock is not supported here.
func TryLock(string) (io.Closer, error) { return nil, ErrUnsupported }

// DialUnix is not supported here.
func DialUnix(context.Context, string) (*net.UnixConn, error) { return nil, ErrUnsupported }

// PeerOf is not supported here.
func PeerOf(*net.UnixConn) (Peer, error) { return Peer{}, ErrUnsupported }

// Processes reads processes from a proc filesystem.
type Processes struct {
	// Root is where proc is mounted.
	Root string
}

// ProcessStart is not supported here.
func (Processes) ProcessStart(int) (uint64, error) { return 0, ErrUnsupported }

// StartTime is not supported here.
func (Processes) StartTime(uint64) (time.Time, error) { return time.Time{}, ErrUnsupported }

// HasArgument is not supported here.
func (Processes) HasArgument(int, string) (bool, error) { return false, ErrUnsupported }

// Local is not supported here.
func (Processes) Local() bool { return false }

// Socket is a connected Unix stream socket.
type Socket struct{}

// ConnectUnix is not supported here.
func ConnectUnix(string) (Socket, Peer, error) { return Socket{}, Peer{}, ErrUnsupported }

// Write is not supported here.
func (Socket) Write([]byte) (int, error) { return 0, ErrUnsupported }

// Read is not supported here.
func (Socket) Read([]byte) (int, error) { return 0, ErrUnsupported }

// Readable is not supported here.
func (Socket) Readable() bool { return true }

// File is not supported here.
func (Socket) File() *os.File { return nil }

// Close is not supported here.
func (Socket) Close() error { return ErrUnsupported }

// OpenFileLimit is not supported here.
func OpenFileLimit() (int, error) { return 0, ErrUnsupported }

// Directory is not supported here.
func Directory(string) (FileID, error) { return FileID{}, ErrUnsupported }

// Exits tells when processes end.
type Exits struct{}

// NewExits is not supported here.
func NewExits(int) (*Exits, error) { return nil, ErrUnsupported }

// Exited is not supported here.
func (*Exits) Exited() <-chan int { return nil }

// Watch is not supported here.
func (*Exits) Watch(int) error { return ErrUnsupported }

// Forget is not supported here.
func (*Exits) Forget(int) {}

// Close is not supported here.
func (*Exits) Close() error { return ErrUnsupported }

// InitialPIDNamespace is not supported here.
func InitialPIDNamespace() bool { return false }
