package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// anyPeer accepts every peer.
func anyPeer(host.Peer) error { return nil }

// fetch sends a request and returns the content that was read, also with an
// error.
func fetch(ctx context.Context, f *fake, limit int64) (content string, err error) {
	err = Fetch(ctx, Request{
		Socket: f.socket, Endpoint: Metrics, MaxBytes: limit, CheckPeer: anyPeer,
		ReadBody: func(body io.Reader) error {
			data, err := io.ReadAll(body)
			content = string(data)
			return err
		},
	})
	return content, err
}

// The Go shim uses the server of net/http.
func TestFetchFromNetHTTP(t *testing.T) {
	text := strings.Repeat("kata_shim_threads 5\n", 5000)
	socket := filepath.Join(shortDirectory(t), "shim-monitor.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	requested := make(chan string, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requested <- fmt.Sprint(r.Method, " ", r.URL, " ", r.Host, " ", r.Header["Accept-Encoding"], " ", r.Close)
		_, _ = io.WriteString(w, text)
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()

	content, err := fetch(t.Context(), &fake{socket: socket}, 8<<20)
	if err != nil || content != text {
		t.Errorf("got %d of %d bytes, error %v", len(content), len(text), err)
	}
	if got, want := <-requested, "GET /metrics shim [] true"; got != want {
		t.Errorf("the server received %q, want %q", got, want)
	}
}

// The requests are compared byte by byte, because any change of them could harm a
// sandbox.
func TestEndpoints(t *testing.T) {
	for endpoint, want := range map[Endpoint]string{
		Metrics:  "GET /metrics HTTP/1.1\r\nHost: shim\r\nAccept: text/plain\r\nConnection: close\r\n\r\n",
		AgentURL: "GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n",
	} {
		f := serve(t, respondWith(okHead+"\r\n"))
		err := Fetch(t.Context(), Request{
			Socket: f.socket, Endpoint: endpoint, MaxBytes: 100, CheckPeer: anyPeer,
			ReadBody: func(body io.Reader) error { _, err := io.Copy(io.Discard, body); return err },
		})
		if got := f.requests(); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("sent %q, %v; want %q", got, err, want)
		}
	}
}

func TestReadBodyError(t *testing.T) {
	f := serve(t, respondWith(okHead+"\r\nhello"))
	for want, bodyErr := range map[sandbox.Outcome]error{
		sandbox.Partial:  sandbox.Failf(sandbox.Partial, "incomplete"),
		sandbox.Internal: errors.New("no outcome"),
	} {
		err := Fetch(t.Context(), Request{
			Socket: f.socket, Endpoint: Metrics, MaxBytes: 100, CheckPeer: anyPeer,
			ReadBody: func(io.Reader) error { return bodyErr },
		})
		if sandbox.OutcomeOf(err) != want || !errors.Is(err, bodyErr) {
			t.Errorf("got error %v, want %s: %v", err, want, bodyErr)
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	text := okHead + "Content-Length: 70000\r\n\r\n" + strings.Repeat("x", 70_000)
	f := serve(b, respondWith(text))
	scratch := make([]byte, 32<<10)
	b.ReportAllocs()
	for b.Loop() {
		err := Fetch(b.Context(), Request{
			Socket: f.socket, Endpoint: Metrics, MaxBytes: 8 << 20, CheckPeer: anyPeer,
			ReadBody: func(body io.Reader) error {
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, scratch)
				return err
			},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
