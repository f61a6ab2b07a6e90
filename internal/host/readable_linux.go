package host

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// AwaitReadable waits until the other end has sent something or has closed
// the connection. It consumes nothing and holds no memory meanwhile. It fails
// as a read does: when the connection's deadline passes or it is closed here.
func AwaitReadable(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	waited := false
	err = raw.Read(func(fd uintptr) bool {
		if waited {
			return true
		}
		waited = true
		// What arrived before the wait began does not end it.
		var events int16
		events, failed = pollNow(int(fd))
		return failed != nil || events != 0
	})
	if err == nil {
		err = failed
	}
	return err
}

// LookAtIdle tells, without waiting, whether something has happened on a
// connection on which nothing is expected.
func LookAtIdle(conn *net.UnixConn) (Idle, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Closed, err
	}
	var events int16
	var failed error
	err = raw.Control(func(fd uintptr) { events, failed = pollNow(int(fd)) })
	if err == nil {
		err = failed
	}
	switch {
	case err != nil || events&^unix.POLLIN != 0:
		return Closed, err
	case events != 0:
		return Unsolicited, nil
	}
	return Quiet, nil
}

func pollNow(fd int) (events int16, err error) {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	for {
		_, err := unix.Poll(fds[:], 0)
		if !errors.Is(err, unix.EINTR) {
			return fds[0].Revents, err
		}
	}
}
