package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxSocketPath is the size of sockaddr_un.sun_path without its final zero byte
// (unix(7)).
const maxSocketPath = 107

// ConnectUnix connects to a Unix stream socket with a path of any length, and
// returns the peer as [PeerOf] does. It never blocks: if the listener cannot
// accept another connection immediately, it fails with EAGAIN.
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
	peer, err := peerCredentials(fd)
	if err != nil {
		_ = unix.Close(fd)
		return Socket{}, Peer{}, &fs.PathError{Op: "getsockopt", Path: path, Err: err}
	}
	return Socket{fd}, peer, nil
}

// Write writes as much as it can without blocking. If that is nothing, it
// returns [ErrWouldBlock].
func (s Socket) Write(p []byte) (int, error) {
	return s.transfer("write", func() (int, error) { return unix.Write(s.fd, p) })
}

// Read reads what has arrived. If that is nothing, it returns [ErrWouldBlock].
// It has no control buffer, so the kernel drops any file descriptors that the
// peer sends along.
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
			return 0, ErrWouldBlock
		default:
			return 0, os.NewSyscallError(operation, err)
		}
	}
}

// Readable reports whether Read would return anything but [ErrWouldBlock]: bytes,
// the end of the stream, or another error.
func (s Socket) Readable() bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, 0)
		if !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// Close closes the connection.
func (s Socket) Close() error { return os.NewSyscallError("close", unix.Close(s.fd)) }

// socketAddress returns a path that fits into a socket address and is valid
// until release is called.
func socketAddress(path string) (address string, release func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	// /proc/self/fd/<n>/<name> is a short path to the same file.
	directory, err := openRetry(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	address = "/proc/self/fd/" + strconv.Itoa(directory) + "/" + filepath.Base(path)
	if len(address) > maxSocketPath {
		_ = unix.Close(directory)
		return "", nil, fmt.Errorf("connect %s: file name is too long for a socket address", path)
	}
	return address, func() { _ = unix.Close(directory) }, nil
}

func peerCredentials(fd int) (Peer, error) {
	credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	return Peer{PID: int(credentials.Pid), UID: credentials.Uid, GID: credentials.Gid}, nil
}
