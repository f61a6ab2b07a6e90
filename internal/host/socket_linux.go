package host

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// longestSocketPath is what fits into sockaddr_un.sun_path with its final zero
// byte (unix(7)).
const longestSocketPath = 107

// DialUnix connects to a Unix stream socket. A path too long for a socket
// address is reached through a descriptor of its directory.
func DialUnix(ctx context.Context, path string) (*net.UnixConn, error) {
	address := path
	if len(path) > longestSocketPath {
		// /proc/self/fd/<n>/<name> names the same file in few bytes.
		directory, err := openRetry(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
		}
		defer unix.Close(directory)
		address = "/proc/self/fd/" + strconv.Itoa(directory) + "/" + filepath.Base(path)
		if len(address) > longestSocketPath {
			return nil, fmt.Errorf("%s: the socket's name alone is too long for a socket address", path)
		}
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// PeerOf tells who listens on the other end of the connection, as of the
// moment it called listen(2) (SO_PEERCRED, unix(7)).
func PeerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var credentials *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		credentials, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return Peer{}, fmt.Errorf("reading the socket's peer: %w", err)
	}
	return Peer{PID: int(credentials.Pid), UID: credentials.Uid, GID: credentials.Gid}, nil
}
