package host

import (
	"os"
	"sync"
)

// Exits reports when processes end. It holds a pidfd (pidfd_open(2)) of each
// watched process, and one goroutine waits for all of them in Go's network
// poller, without occupying a thread.
type Exits struct {
	limit  int
	exited chan Exit
	// done is closed by Close, stopped when the goroutine has returned.
	done    chan struct{}
	stopped chan struct{}

	mu sync.Mutex
	// epoll becomes readable when one of the pidfds does.
	epoll  *os.File
	pidfds map[int]pidfd
}

// NewExits returns an Exits that watches at most limit processes at once.
func NewExits(limit int) (*Exits, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	e := &Exits{
		limit:   limit,
		exited:  make(chan Exit),
		done:    make(chan struct{}),
		stopped: make(chan struct{}),
		epoll:   epoll,
		pidfds:  map[int]pidfd{},
	}
	go e.run()
	return e, nil
}

// Exited returns the channel that receives the end of each watched process, once. The
// process is then no longer watched.
func (e *Exits) Exited() <-chan Exit { return e.exited }

// Watch starts to watch a process; for a watched process it does nothing. It
// returns [ErrNoProcess] if the process does not exist, and [ErrTooMany] above
// the limit.
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
	pidfd, err := watchExit(e.epoll, pid)
	if err != nil {
		return err
	}
	e.pidfds[pid] = pidfd
	return nil
}

// Ended reports whether a process is still watched and has ended, and how. Then its end
// is still to be received, unless [Exits.Forget] follows.
func (e *Exits) Ended(pid int) (status ExitStatus, ended bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fd, watched := e.pidfds[pid]
	if !watched || !fd.ended() {
		return ExitStatus{}, false
	}
	return fd.status(pid), true
}

// Forget stops watching a process.
func (e *Exits) Forget(pid int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(pid)
}

func (e *Exits) forget(pid int) {
	if pidfd, watched := e.pidfds[pid]; watched {
		_ = pidfd.Close()
		delete(e.pidfds, pid)
	}
}

// Close stops watching all processes.
func (e *Exits) Close() error {
	close(e.done)
	err := e.epoll.Close()
	<-e.stopped
	e.mu.Lock()
	defer e.mu.Unlock()
	for pid := range e.pidfds {
		e.forget(pid)
	}
	e.pidfds = nil
	return err
}

func (e *Exits) run() {
	defer close(e.stopped)
	raw, err := e.epoll.SyscallConn()
	if err != nil {
		return
	}
	for {
		var ended []Exit
		err := raw.Read(func(epoll uintptr) bool {
			ended = e.forgetEnded(int(epoll))
			return len(ended) > 0
		})
		if err != nil {
			return
		}
		for _, exit := range ended {
			select {
			case e.exited <- exit:
			case <-e.done:
				return
			}
		}
	}
}

// forgetEnded stops watching the processes that have ended and returns them.
func (e *Exits) forgetEnded(epoll int) (ended []Exit) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		// This call does not block, so the lock may be held.
		pids := epollEvents(epoll)
		if len(pids) == 0 {
			return ended
		}
		for _, pid := range pids {
			if fd, watched := e.pidfds[pid]; watched {
				ended = append(ended, Exit{PID: pid, Status: fd.status(pid)})
				e.forget(pid)
			}
		}
	}
}
