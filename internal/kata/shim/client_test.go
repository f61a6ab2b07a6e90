package shim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shortDirectory makes a directory whose path leaves room for a socket address.
func shortDirectory(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("", "shim") //nolint:usetesting // the other is too long
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

// fake is a shim that does as a test says, one connection after the other.
type fake struct {
	socket string
	mu     sync.Mutex
	got    []string
}

// serve runs a fake until the test ends. It notes what it receives until the
// end of a request, or of the connection, and then lets answer do the rest.
func serve(tb testing.TB, answer func(conn net.Conn)) *fake {
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
				whole := f.receive(conn)
				if whole {
					answer(conn)
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

func (f *fake) receive(conn net.Conn) (whole bool) {
	var request []byte
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got = append(f.got, string(request))
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

func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.got...)
}

func anyone(host.Peer) error { return nil }

// ask sends one request and returns what of the content was read before it
// ended, well or not.
func ask(ctx context.Context, f *fake, limit int64) (content string, err error) {
	err = Do(ctx, Ask{
		Socket: f.socket, Request: Metrics, MaxBytes: limit, Check: anyone,
		Read: func(body io.Reader) error {
			data, err := io.ReadAll(body)
			content = string(data)
			return err
		},
	})
	return content, err
}

const okHead = "HTTP/1.1 200 OK\r\n"

// says answers with fixed bytes and hangs up.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

func TestAnswers(t *testing.T) {
	chunked := okHead + "Transfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name    string
		answer  string
		limit   int64
		content string
		outcome sandbox.Outcome
	}{
		{"content length", okHead + "Content-Length: 5\r\n\r\nhello", 100, "hello", sandbox.OK},
		{"chunked", chunked + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 100, "hello", sandbox.OK},
		{"until the end", okHead + "\r\nhello", 100, "hello", sandbox.OK},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", 100, "hello", sandbox.OK},
		{"empty", okHead + "Content-Length: 0\r\n\r\n", 100, "", sandbox.OK},
		{"identity", okHead + "Content-Encoding: identity\r\n\r\nhello", 100, "hello", sandbox.OK},
		{"more after the content", okHead + "Content-Length: 5\r\n\r\nhello and more", 100, "hello", sandbox.OK},

		{"just at the limit", okHead + "\r\nhello", 5, "hello", sandbox.OK},
		{"just at the limit, chunked", chunked + "5\r\nhello\r\n0\r\n\r\n", 5, "hello", sandbox.OK},
		{"just at the limit, announced", okHead + "Content-Length: 5\r\n\r\nhello", 5, "hello", sandbox.OK},
		{"above the limit", okHead + "\r\nhello!", 5, "hello", sandbox.Oversize},
		{"above the limit, chunked", chunked + "6\r\nhello!\r\n0\r\n\r\n", 5, "hello", sandbox.Oversize},
		{"above the limit, announced", okHead + "Content-Length: 6\r\n\r\nhello!", 5, "", sandbox.Oversize},
		{"head above the limit", okHead + strings.Repeat("X: y\r\n", headLimit), 100, "", sandbox.Oversize},
		{"line above the limit", okHead + "X: " + strings.Repeat("y", headLimit), 100, "", sandbox.Oversize},
		{"framing above the limit", chunked + strings.Repeat("0000000000000001\r\nx\r\n", 9_000) + "0\r\n\r\n", 10_000, "", sandbox.Oversize},

		{"nothing", "", 100, "", sandbox.Disconnected},
		{"broken off in the head", okHead + "Content-Le", 100, "", sandbox.Disconnected},
		{"broken off in the content", okHead + "Content-Length: 9\r\n\r\nhello", 100, "hello", sandbox.Disconnected},
		{"broken off in a chunk", chunked + "9\r\nhello", 100, "hello", sandbox.Disconnected},
		{"broken off between chunks", chunked + "5\r\nhello\r\n", 100, "hello", sandbox.Disconnected},

		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 100, "", sandbox.Refused},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: /direct-volume/resize\r\n\r\n", 100, "", sandbox.Refused},
		{"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\nURL NOT FOUND", 100, "", sandbox.Refused},
		{"error", "HTTP/1.1 500 Internal Server Error\r\n\r\noops", 100, "", sandbox.Refused},
		{"continue", "HTTP/1.1 100 Continue\r\n\r\n", 100, "", sandbox.Refused},

		{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 100, "", sandbox.Malformed},
		{"text at once", "# HELP kata_shim_threads\n", 100, "", sandbox.Malformed},
		{"compressed", okHead + "Content-Encoding: gzip\r\n\r\nhello", 100, "", sandbox.Malformed},
		{"two lengths", okHead + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 100, "", sandbox.Malformed},
		{"negative length", okHead + "Content-Length: -5\r\n\r\nhello", 100, "", sandbox.Malformed},
		{"unknown transfer encoding", okHead + "Transfer-Encoding: gzip\r\n\r\nhello", 100, "", sandbox.Malformed},
		{"chunk without length", chunked + "hello\r\n", 100, "", sandbox.Malformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := serve(t, says(test.answer))
			content, err := ask(t.Context(), f, test.limit)
			if outcome := sandbox.OutcomeOf(err); outcome != test.outcome {
				t.Errorf("outcome %s (%v), want %s", outcome, err, test.outcome)
			}
			if content != test.content && test.name != "framing above the limit" {
				t.Errorf("content %.100q, want %q", content, test.content)
			}
			if got := f.requests(); len(got) != 1 {
				t.Errorf("%d requests, want 1", len(got))
			}
		})
	}
}

// A server as the Go shim has it.
func TestAgainstNetHTTP(t *testing.T) {
	text := strings.Repeat("kata_shim_threads 5\n", 5000)
	socket := filepath.Join(shortDirectory(t), "shim-monitor.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- fmt.Sprint(r.Method, " ", r.URL, " ", r.Host, " ", r.Header["Accept-Encoding"], " ", r.Close)
		_, _ = io.WriteString(w, text)
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()

	content, err := ask(t.Context(), &fake{socket: socket}, 8<<20)
	if err != nil || content != text {
		t.Errorf("%d of %d bytes, %v", len(content), len(text), err)
	}
	if got, want := <-asked, "GET /metrics shim [] true"; got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

// Requests are fixed to the byte: whoever changes them has to look here.
func TestRequests(t *testing.T) {
	for request, want := range map[Request]string{
		Metrics:  "GET /metrics HTTP/1.1\r\nHost: shim\r\nAccept: text/plain\r\nConnection: close\r\n\r\n",
		AgentURL: "GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n",
	} {
		f := serve(t, says(okHead+"\r\n"))
		err := Do(t.Context(), Ask{
			Socket: f.socket, Request: request, MaxBytes: 100, Check: anyone,
			Read: func(body io.Reader) error { _, err := io.Copy(io.Discard, body); return err },
		})
		if got := f.requests(); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("sent %q, %v; want %q", got, err, want)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	directory := t.TempDir()
	dead := filepath.Join(directory, "dead.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	_ = listener.Close()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{dead, file, filepath.Join(directory, "none")} {
		if _, err := ask(t.Context(), &fake{socket: socket}, 100); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("%s: %v", socket, err)
		}
		if _, err := Peer(t.Context(), socket, anyone); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("%s: %v", socket, err)
		}
	}
}

// A shim that never answers must cost no more than the deadline, and what it
// sent before counts.
func TestStalls(t *testing.T) {
	for name, test := range map[string]struct{ sent, content string }{
		"before anything":    {"", ""},
		"in the head":        {"HTTP/1.1 200", ""},
		"before the content": {okHead + "Content-Length: 9\r\n\r\n", ""},
		"in the content":     {okHead + "Content-Length: 9\r\n\r\nhello", "hello"},
		"in a chunk":         {okHead + "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", "hello"},
		"before the end":     {okHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, test.sent)
				_, _ = io.Copy(io.Discard, conn) // until the client hangs up
			})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			content, err := ask(ctx, f, 100)
			if sandbox.OutcomeOf(err) != sandbox.Timeout || content != test.content {
				t.Errorf("%q, %v", content, err)
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
	if content, err := ask(ctx, f, 1<<20); sandbox.OutcomeOf(err) != sandbox.Timeout {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestEndless(t *testing.T) {
	f := serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, okHead+"\r\n")
		for {
			if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	content, err := ask(t.Context(), f, 1<<20)
	if sandbox.OutcomeOf(err) != sandbox.Oversize || len(content) != 1<<20 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestCancel(t *testing.T) {
	for name, sent := range map[string]string{"before the answer": "", "in the content": okHead + "\r\nhello"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			f := serve(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, sent)
				cancel()
				_, _ = io.Copy(io.Discard, conn)
			})
			if _, err := ask(ctx, f, 100); sandbox.OutcomeOf(err) != sandbox.Canceled {
				t.Error(err)
			}
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f := serve(t, says(okHead+"\r\n"))
		if _, err := ask(ctx, f, 100); sandbox.OutcomeOf(err) != sandbox.Canceled {
			t.Error(err)
		}
	})
}

// While a shim keeps silent, nothing of what reading needs is taken.
func TestReadWaitsForTheAnswer(t *testing.T) {
	called := false
	f := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Do(ctx, Ask{
		Socket: f.socket, Request: Metrics, MaxBytes: 100, Check: anyone,
		Read: func(io.Reader) error { called = true; return nil },
	})
	if sandbox.OutcomeOf(err) != sandbox.Timeout || called {
		t.Errorf("called %v, %v", called, err)
	}
}

func TestWrongPeerIsNotAsked(t *testing.T) {
	stranger := errors.New("a stranger")
	f := serve(t, says(okHead+"\r\n"))
	err := Do(t.Context(), Ask{
		Socket: f.socket, Request: Metrics, MaxBytes: 100,
		Check: func(host.Peer) error { return stranger },
		Read:  func(io.Reader) error { t.Error("an answer was read"); return nil },
	})
	if sandbox.OutcomeOf(err) != sandbox.WrongPeer || !errors.Is(err, stranger) {
		t.Error(err)
	}
	eventually(t, func() bool { return len(f.requests()) == 1 })
	if got := f.requests()[0]; got != "" {
		t.Errorf("%q was sent", got)
	}
}

func TestPeerSendsNothing(t *testing.T) {
	f := serve(t, func(net.Conn) { t.Error("a request came") })
	peer, err := Peer(t.Context(), f.socket, anyone)
	if err != nil || peer.PID != os.Getpid() || int(peer.UID) != os.Getuid() {
		t.Errorf("%+v, %v", peer, err)
	}
	eventually(t, func() bool { return len(f.requests()) == 1 })
	if got := f.requests()[0]; got != "" {
		t.Errorf("%q was sent", got)
	}
}

// What the reader says about the content stands.
func TestReadersErrorStands(t *testing.T) {
	f := serve(t, says(okHead+"\r\nhello"))
	for want, given := range map[sandbox.Outcome]error{
		sandbox.Partial:  sandbox.Failf(sandbox.Partial, "half of it"),
		sandbox.Internal: errors.New("no outcome"),
	} {
		err := Do(t.Context(), Ask{
			Socket: f.socket, Request: Metrics, MaxBytes: 100, Check: anyone,
			Read: func(io.Reader) error { return given },
		})
		if sandbox.OutcomeOf(err) != want || !errors.Is(err, given) {
			t.Errorf("%v instead of %v", err, given)
		}
	}
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func FuzzAnswer(f *testing.F) {
	answers := make(chan []byte, 1)
	server := serve(f, func(conn net.Conn) { _, _ = conn.Write(<-answers) })
	const limit = 1000
	f.Fuzz(func(t *testing.T, data []byte) {
		answers <- data
		content, err := ask(t.Context(), server, limit)
		if len(content) > limit {
			t.Errorf("%d bytes got through", len(content))
		}
		var failure *sandbox.Failure
		if err != nil && !errors.As(err, &failure) {
			t.Errorf("not a failure: %v", err)
		}
		if outcome := sandbox.OutcomeOf(err); outcome == sandbox.Internal || outcome == sandbox.Timeout {
			t.Error(err)
		}
	})
}

func BenchmarkAsk(b *testing.B) {
	text := okHead + "Content-Length: 70000\r\n\r\n" + strings.Repeat("x", 70_000)
	f := serve(b, says(text))
	scratch := make([]byte, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		err := Do(b.Context(), Ask{
			Socket: f.socket, Request: Metrics, MaxBytes: 8 << 20, Check: anyone,
			Read: func(body io.Reader) error {
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, scratch)
				return err
			},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
