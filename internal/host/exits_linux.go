package host

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Exits tells when processes end. One goroutine, which is no thread while it
// waits, looks after a pidfd (pidfd_open(2)) of each process.
type Exits struct {
	limit  int
	exited chan int
	done   chan struct{}
	ended  chan struct{}

	mu sync.Mutex
	// epoll becomes readable when one of the pidfds does.
	epoll  *os.File
	pidfds map[int]int
}

// NewExits watches at most limit processes at once.
func NewExits(limit int) (*Exits, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	// Non-blocking makes the runtime's own poller wait for it.
	if err := unix.SetNonblock(epoll, true); err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	e := &Exits{
		limit:  limit,
		exited: make(chan int),
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
		epoll:  os.NewFile(uintptr(epoll), "epoll"),
		pidfds: map[int]int{},
	}
	go e.run()
	return e, nil
}

// Exited yields the id of each watched process that has ended, once. It is
// then no longer watched.
func (e *Exits) Exited() <-chan int { return e.exited }

// Watch begins to watch a process; to watch it twice is the same as once. It
// returns [ErrNoProcess] if there is none, and [ErrTooMany] above the limit.
func (e *Exits) Watch(pid int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pidfds == nil {
		return os.ErrClosed
	}
	if _, watched := e.pidfds[pid]; watched {
		return nil
	}
	if len(e.pidfds) >= e.limit {
		return ErrTooMany
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(pid)}
	if err := e.control(unix.EPOLL_CTL_ADD, pidfd, &event); err != nil {
		_ = unix.Close(pidfd)
		return err
	}
	e.pidfds[pid] = pidfd
	return nil
}

// Forget ends watching a process.
func (e *Exits) Forget(pid int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(pid)
}

func (e *Exits) forget(pid int) {
	if pidfd, watched := e.pidfds[pid]; watched {
		// The last descriptor takes the registration in epoll along.
		_ = unix.Close(pidfd)
		delete(e.pidfds, pid)
	}
}

// Close ends all watching.
func (e *Exits) Close() error {
	close(e.done)
	err := e.epoll.Close()
	<-e.ended
	e.mu.Lock()
	defer e.mu.Unlock()
	for pid := range e.pidfds {
		e.forget(pid)
	}
	e.pidfds = nil
	return err
}

func (e *Exits) control(operation, fd int, event *unix.EpollEvent) error {
	raw, err := e.epoll.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(epoll uintptr) { failed = unix.EpollCtl(int(epoll), operation, fd, event) })
	if err == nil && failed != nil {
		err = fmt.Errorf("epoll_ctl: %w", failed)
	}
	return err
}

func (e *Exits) run() {
	defer close(e.ended)
	raw, err := e.epoll.SyscallConn()
	if err != nil {
		return
	}
	for {
		var ended []int
		err := raw.Read(func(epoll uintptr) bool {
			ended = e.take(int(epoll))
			return len(ended) > 0
		})
		if err != nil {
			return
		}
		for _, pid := range ended {
			select {
			case e.exited <- pid:
			case <-e.done:
				return
			}
		}
	}
}

// take stops watching those processes that have ended and returns them.
func (e *Exits) take(epoll int) (ended []int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var events [64]unix.EpollEvent
	for {
		// It does not wait, so the lock may be held.
		n, err := unix.EpollWait(epoll, events[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 {
			return ended
		}
		for _, event := range events[:n] {
			e.forget(int(event.Fd))
			ended = append(ended, int(event.Fd))
		}
	}
}
