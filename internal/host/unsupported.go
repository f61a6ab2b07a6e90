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
