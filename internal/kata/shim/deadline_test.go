package shim

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// A stalled response must end at the deadline, and the content that was received
// before must be passed on.
func TestStall(t *testing.T) {
	for name, test := range map[string]struct{ sent, content string }{
		"before the head":    {"", ""},
		"in the head":        {"HTTP/1.1 200", ""},
		"before the content": {okHead + "Content-Length: 9\r\n\r\n", ""},
		"in the content":     {okHead + "Content-Length: 9\r\n\r\nhello", "hello"},
		"in a chunk":         {okHead + "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", "hello"},
		"before the end":     {okHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, test.sent)
				_, _ = io.Copy(io.Discard, conn) // until the client disconnects
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			content, err := fetch(ctx, f, 100)
			if sandbox.OutcomeOf(err) != sandbox.Timeout || content != test.content {
				t.Errorf("got content %q, error %v, want content %q, %s", content, err, test.content, sandbox.Timeout)
			}
		})
	}
}

func TestTrickle(t *testing.T) {
	f := serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, okHead+"\r\n")
		for {
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if content, err := fetch(ctx, f, 1<<20); sandbox.OutcomeOf(err) != sandbox.Timeout {
		t.Errorf("got %d bytes, error %v, want %s", len(content), err, sandbox.Timeout)
	}
}

func TestCancel(t *testing.T) {
	for name, sent := range map[string]string{"before the response": "", "in the content": okHead + "\r\nhello"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			f := serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, sent)
				cancel()
				_, _ = io.Copy(io.Discard, conn)
			})
			if _, err := fetch(ctx, f, 100); sandbox.OutcomeOf(err) != sandbox.Canceled {
				t.Errorf("got error %v, want %s", err, sandbox.Canceled)
			}
		})
	}
	t.Run("before connecting", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f := serve(t, respondWith(okHead+"\r\n"))
		if _, err := fetch(ctx, f, 100); sandbox.OutcomeOf(err) != sandbox.Canceled {
			t.Errorf("got error %v, want %s", err, sandbox.Canceled)
		}
	})
}

// ReadBody may use scarce resources, so it must not be called before there is a
// response.
func TestReadBodyWaitsForResponse(t *testing.T) {
	called := false
	f := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Fetch(ctx, Request{
		Socket: f.socket, Endpoint: Metrics, MaxBytes: 100, CheckPeer: anyPeer,
		ReadBody: func(io.Reader) error { called = true; return nil },
	})
	if sandbox.OutcomeOf(err) != sandbox.Timeout || called {
		t.Errorf("got error %v, want %s; ReadBody called: %v", err, sandbox.Timeout, called)
	}
}
