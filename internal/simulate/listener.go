package simulate

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// longestSocketPath is what fits into a socket address with its final zero
// byte (unix(7)).
const longestSocketPath = 107

// listenUnix makes a Unix stream socket. A path too long for a socket address
// is reached through a descriptor of its directory. The socket's file stays
// when the listener closes, as it does when a process dies.
func listenUnix(path string) (*net.UnixListener, error) {
	address := path
	if len(path) > longestSocketPath {
		directory, err := os.Open(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		defer directory.Close()
		address = fmt.Sprintf("/proc/self/fd/%d/%s", directory.Fd(), filepath.Base(path))
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	return listener, nil
}

// server accepts connections and lets each be served by a goroutine of its
// own, until it is closed.
type server struct {
	listener *net.UnixListener
	// serve handles one connection; when it returns, the connection closes.
	serve func(conn *net.UnixConn)
	// done is closed when the server closes, so that whoever waits on purpose
	// stops waiting.
	done chan struct{}

	mu     sync.Mutex
	closed bool
	conns  map[*net.UnixConn]struct{}
	group  sync.WaitGroup
}

func newServer(listener *net.UnixListener, serve func(*net.UnixConn)) *server {
	return &server{listener: listener, serve: serve, done: make(chan struct{}), conns: make(map[*net.UnixConn]struct{})}
}

// start begins to accept connections.
func (s *server) start() { s.group.Go(s.accept) }

func (s *server) accept() {
	for {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of descriptors, most likely: try again when some are free.
			if !s.pause(10 * time.Millisecond) {
				return
			}
			continue
		}
		if !s.add(conn) {
			_ = conn.Close()
			return
		}
		s.group.Go(func() {
			defer s.remove(conn)
			s.serve(conn)
		})
	}
}

func (s *server) add(conn *net.UnixConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *server) remove(conn *net.UnixConn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// connections is how many are open now.
func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// pause waits and tells whether the server is still open afterwards.
func (s *server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.done:
		return false
	case <-timer.C:
		return true
	}
}

// stop closes the listener and every connection, without waiting for those who
// serve them. It may be called by one of them.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	close(s.done)
	_ = s.listener.Close()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// close stops the server and waits until nothing of it runs.
func (s *server) close() {
	s.stop()
	s.group.Wait()
}
