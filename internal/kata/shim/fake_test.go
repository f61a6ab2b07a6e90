package shim

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// shortDirectory creates a directory whose path is short enough for a socket
// address.
func shortDirectory(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("", "shim") //nolint:usetesting // t.TempDir is too long for a socket address
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

// fake is a simulated shim that records what it receives.
type fake struct {
	socket   string
	mu       sync.Mutex
	received []string
}

// serve runs a fake until the test ends. After each complete request, the fake
// calls respond.
func serve(tb testing.TB, respond func(conn net.Conn)) *fake {
	tb.Helper()
	f := &fake{socket: filepath.Join(shortDirectory(tb), "shim-monitor.sock")}
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				if f.receive(conn) {
					respond(conn)
				}
			})
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return f
}

// receive reads and records a request. It reports whether the request is
// complete, rather than cut off by the end of the connection.
func (f *fake) receive(conn net.Conn) bool {
	var request []byte
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.received = append(f.received, string(request))
	}()
	buffer := make([]byte, 1024)
	for !bytes.HasSuffix(request, []byte("\r\n\r\n")) {
		n, err := conn.Read(buffer)
		request = append(request, buffer[:n]...)
		if err != nil {
			return false
		}
	}
	return true
}

// requests returns everything received so far, one element per connection.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.received...)
}

// respondWith returns a function that sends a fixed response.
func respondWith(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// eventually waits until a condition is true that another goroutine fulfills.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out")
		}
	}
}
