package host

import (
	"os"
	"sync"
)

// ReadWatcher reports when files become readable. One goroutine waits for all of
// them, like that of [Exits].
type ReadWatcher struct {
	limit   int
	stopped chan struct{}

	mu sync.Mutex
	// epoll becomes readable when one of the files does.
	epoll *os.File
	// watched are the files by descriptor, nil after Close.
	watched map[int]*WatchedFile
}

// WatchedFile is a file that a [ReadWatcher] watches.
type WatchedFile struct {
	file     *os.File
	fd       int
	readable func()
}

// NewReadWatcher returns a ReadWatcher for at most limit files at once.
func NewReadWatcher(limit int) (*ReadWatcher, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	w := &ReadWatcher{limit: limit, stopped: make(chan struct{}), epoll: epoll, watched: map[int]*WatchedFile{}}
	go w.run()
	return w, nil
}

// Watch takes over a file. When it becomes readable, which the end of the stream and
// errors count as, it is closed, and readable is called, once, which must not block.
// If Watch fails, the file is closed. It returns [ErrTooMany] above the limit.
func (w *ReadWatcher) Watch(file *os.File, readable func()) (watched *WatchedFile, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	switch {
	case w.watched == nil:
		return nil, os.ErrClosed
	case len(w.watched) >= w.limit:
		return nil, ErrTooMany
	}
	fd, err := watchRead(w.epoll, file)
	if err != nil {
		return nil, err
	}
	watched = &WatchedFile{file, fd, readable}
	w.watched[fd] = watched
	return watched, nil
}

// Forget closes a file, unless that has happened already. readable may be called
// once more if the file has just become readable.
func (w *ReadWatcher) Forget(watched *WatchedFile) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watched[watched.fd] == watched {
		w.forget(watched)
	}
}

func (w *ReadWatcher) forget(watched *WatchedFile) {
	_ = watched.file.Close()
	delete(w.watched, watched.fd)
}

// Close closes all files.
func (w *ReadWatcher) Close() error {
	err := w.epoll.Close()
	<-w.stopped
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watched := range w.watched {
		w.forget(watched)
	}
	w.watched = nil
	return err
}

func (w *ReadWatcher) run() {
	defer close(w.stopped)
	raw, err := w.epoll.SyscallConn()
	if err != nil {
		return
	}
	for {
		var readable []*WatchedFile
		err := raw.Read(func(epoll uintptr) bool {
			readable = w.forgetReadable(int(epoll))
			return len(readable) > 0
		})
		if err != nil {
			return
		}
		for _, watched := range readable {
			watched.readable()
		}
	}
}

// forgetReadable closes the files that have become readable and returns them.
func (w *ReadWatcher) forgetReadable(epoll int) (readable []*WatchedFile) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		// This call does not block, so the lock may be held.
		fds := epollEvents(epoll)
		if len(fds) == 0 {
			return readable
		}
		for _, fd := range fds {
			if watched := w.watched[fd]; watched != nil {
				w.forget(watched)
				readable = append(readable, watched)
			}
		}
	}
}
