package host

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
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

// ConnectUnix is [DialUnix] for connections that are made often and used
// briefly: it takes a fifth of the allocations. It also tells who listens, as
// [PeerOf] does. It never waits: a socket that cannot take another connection at
// once fails with EAGAIN. Reads and writes of the result obey its deadlines.
func ConnectUnix(path string) (*os.File, Peer, error) {
	address, release, err := socketAddress(path)
	if err != nil {
		return nil, Peer{}, err
	}
	defer release()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, Peer{}, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		_ = unix.Close(fd)
		return nil, Peer{}, &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		_ = unix.Close(fd)
		return nil, Peer{}, &fs.PathError{Op: "getsockopt", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), peerOf(credentials), nil
}

// socketAddress is a path that fits into a socket address and holds until it is
// released.
func socketAddress(path string) (address string, release func(), err error) {
	if len(path) <= longestSocketPath {
		return path, func() {}, nil
	}
	// /proc/self/fd/<n>/<name> names the same file in few bytes.
	directory, err := openRetry(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	address = "/proc/self/fd/" + strconv.Itoa(directory) + "/" + filepath.Base(path)
	if len(address) > longestSocketPath {
		_ = unix.Close(directory)
		return "", nil, fmt.Errorf("%s: the socket's name alone is too long for a socket address", path)
	}
	return address, func() { _ = unix.Close(directory) }, nil
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
	return peerOf(credentials), nil
}

func peerOf(credentials *unix.Ucred) Peer {
	return Peer{PID: int(credentials.Pid), UID: credentials.Uid, GID: credentials.Gid}
}
