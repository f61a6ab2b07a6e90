package host

import (
	"context"
	"fmt"
	"net"
	"os"
)

// Peer is the process that listens on the other end of a Unix socket. PID is 0
// if the process is in a PID namespace that is not visible from here.
type Peer struct {
	PID      int
	UID, GID uint32
}

// DialUnix connects to a Unix stream socket. If the path is too long for a
// socket address, it connects through a file descriptor of its directory.
func DialUnix(ctx context.Context, path string) (*net.UnixConn, error) {
	address, release, err := socketAddress(path)
	if err != nil {
		return nil, err
	}
	defer release()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// PeerOf returns the peer of a connection as of the moment it called listen(2)
// (SO_PEERCRED, unix(7)).
func PeerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var peer Peer
	var controlErr error
	err = raw.Control(func(fd uintptr) { peer, controlErr = peerCredentials(int(fd)) })
	if err == nil {
		err = controlErr
	}
	if err != nil {
		return Peer{}, fmt.Errorf("read peer credentials: %w", err)
	}
	return peer, nil
}

// Socket is a connected Unix stream socket for many short-lived connections. It
// is not registered with Go's network poller, because nothing blocks on it, and
// so costs a fraction of a connection from [DialUnix].
//
// It has no finalizer: the caller must call Close or File.
type Socket struct{ fd int }

// File converts the socket to a file that supports blocking calls and deadlines.
// The Socket must not be used afterwards.
func (s Socket) File() *os.File { return os.NewFile(uintptr(s.fd), "unix socket") }
