package simulate

import (
	"errors"
	"net"
	"sync"
	"time"
)

// Server accepts connections on a socket and handles each of them in its own
// goroutine until the server is closed.
type Server struct {
	listener *net.UnixListener
	handle   func(conn *net.UnixConn)
	// done is closed when the server stops, which ends deliberate delays.
	done chan struct{}

	mu     sync.Mutex
	closed bool
	conns  map[*net.UnixConn]struct{}
	group  sync.WaitGroup
}

// NewServer returns a server that has not started yet. When handle returns, the
// server closes the connection.
func NewServer(listener *net.UnixListener, handle func(*net.UnixConn)) *Server {
	return &Server{listener: listener, handle: handle, done: make(chan struct{}), conns: make(map[*net.UnixConn]struct{})}
}

// Start begins to accept connections.
func (s *Server) Start() { s.group.Go(s.accept) }

func (s *Server) accept() {
	for {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Most likely the process is out of descriptors: retry when some
			// may be free again.
			if !s.Pause(10 * time.Millisecond) {
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
			s.handle(conn)
		})
	}
}

func (s *Server) add(conn *net.UnixConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) remove(conn *net.UnixConn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// Go runs a function in a goroutine that Close waits for. It must only be called
// by the handler of a connection.
func (s *Server) Go(run func()) { s.group.Go(run) }

// Connections returns the number of open connections. A nil server has none.
func (s *Server) Connections() int {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Pause waits and reports whether the server is still open afterwards.
func (s *Server) Pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.done:
		return false
	case <-timer.C:
		return true
	}
}

// Await waits until a channel is closed and reports whether the server is still open.
func (s *Server) Await(closed <-chan struct{}) bool {
	select {
	case <-s.done:
		return false
	case <-closed:
		return true
	}
}

// Stop closes the listener and all connections without waiting for their
// handlers, so a handler may call it.
func (s *Server) Stop() {
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

// Close stops the server and waits until all its goroutines have ended. It does
// nothing on a nil server.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.Stop()
	s.group.Wait()
}
