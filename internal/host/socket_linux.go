package host

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// Socket is a connected Unix stream socket, for connections that are made often
// and used briefly: nobody waits for it, so nothing but the kernel has to know
// of it. That takes a fraction of what [DialUnix] does.
//
// It has no finalizer. Whoever got one calls Close, or File.
type Socket struct{ fd int }

// ConnectUnix connects to a Unix stream socket at any path, and tells who
// listens, as [PeerOf] does. It never waits: a socket that cannot take another
// connection at once fails with EAGAIN.
func ConnectUnix(path string) (Socket, Peer, error) {
	address, release, err := socketAddress(path)
	if err != nil {
		return Socket{}, Peer{}, err
	}
	defer release()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Socket{}, Peer{}, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		_ = unix.Close(fd)
		return Socket{}, Peer{}, &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		_ = unix.Close(fd)
		return Socket{}, Peer{}, &fs.PathError{Op: "getsockopt", Path: path, Err: err}
	}
	return Socket{fd}, peerOf(credentials), nil
}

// Write writes what can be written at once. If that is nothing, the error is
// [ErrWouldWait].
func (s Socket) Write(p []byte) (int, error) {
	return s.transfer("write", func() (int, error) { return unix.Write(s.fd, p) })
}

// Read reads what has arrived, and without a control buffer, so that the kernel
// throws descriptors away that came with it. If nothing has arrived, the error
// is [ErrWouldWait].
func (s Socket) Read(p []byte) (int, error) {
	n, err := s.transfer("read", func() (int, error) { return unix.Read(s.fd, p) })
	if n == 0 && err == nil && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

func (s Socket) transfer(operation string, call func() (int, error)) (int, error) {
	for {
		n, err := call()
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return 0, ErrWouldWait
		default:
			return 0, os.NewSyscallError(operation, err)
		}
	}
}

// Readable tells whether Read would yield something else than [ErrWouldWait]:
// bytes, the end or an error.
func (s Socket) Readable() bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, 0)
		if !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// File makes the socket one that is waited for, and obeys deadlines. The Socket
// must not be used any more.
func (s Socket) File() *os.File { return os.NewFile(uintptr(s.fd), "unix socket") }

// Close closes the connection.
func (s Socket) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

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
