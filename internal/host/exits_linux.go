package host

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newEpoll returns an epoll instance that Go's network poller can wait for.
func newEpoll() (*os.File, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	// os.NewFile registers only non-blocking descriptors with the poller.
	if err := unix.SetNonblock(epoll, true); err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("set epoll descriptor non-blocking: %w", err)
	}
	return os.NewFile(uintptr(epoll), "epoll"), nil
}

// watchExit opens a pidfd of a process and registers it with epoll. Closing the
// result also removes the registration.
func watchExit(epoll *os.File, pid int) (pidfd, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return 0, fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	if err != nil {
		return 0, fmt.Errorf("pidfd_open: %w", err)
	}
	if err := register(epoll, fd, unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(pid)}); err != nil {
		_ = unix.Close(fd)
		return 0, err
	}
	return pidfd(fd), nil
}

func register(epoll *os.File, fd int, event unix.EpollEvent) error {
	raw, err := epoll.SyscallConn()
	if err != nil {
		return err
	}
	var controlErr error
	err = raw.Control(func(epoll uintptr) { controlErr = unix.EpollCtl(int(epoll), unix.EPOLL_CTL_ADD, fd, &event) })
	if err == nil && controlErr != nil {
		err = fmt.Errorf("epoll_ctl: %w", controlErr)
	}
	return err
}

// pidfd is the descriptor of a process.
type pidfd int

func (fd pidfd) Close() error { return unix.Close(int(fd)) }

func (fd pidfd) ended() bool { return hasEnded(int(fd)) }

func (fd pidfd) status(pid int) ExitStatus { return exitStatus(int(fd), pid) }

// watchRead registers a file with epoll and returns its descriptor. Closing the file
// also removes the registration.
func watchRead(epoll, file *os.File) (fd int, err error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var registerErr error
	err = raw.Control(func(descriptor uintptr) {
		fd = int(descriptor)
		// Until the file is closed, it may be reported no second time.
		events := uint32(unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT)
		registerErr = register(epoll, fd, unix.EpollEvent{Events: events, Fd: int32(fd)})
	})
	if err == nil {
		err = registerErr
	}
	return fd, err
}

// epollEvents returns what was registered for some of the pending events, the PID
// of an ended process or the descriptor of a readable file, and nothing only if there
// are none. It does not block.
func epollEvents(epoll int) (registered []int) {
	var events [64]unix.EpollEvent
	for {
		n, err := unix.EpollWait(epoll, events[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		for i := range max(n, 0) {
			registered = append(registered, int(events[i].Fd))
		}
		return registered
	}
}
