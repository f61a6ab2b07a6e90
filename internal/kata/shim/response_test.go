package shim

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	okHead      = "HTTP/1.1 200 OK\r\n"
	chunkedHead = okHead + "Transfer-Encoding: chunked\r\n\r\n"
)

// responseTest is a response of a shim and the expected result of Fetch.
type responseTest struct {
	name     string
	response string
	limit    int64
	content  string
	outcome  sandbox.Outcome
}

var completeResponses = []responseTest{
	{"content length", okHead + "Content-Length: 5\r\n\r\nhello", 100, "hello", sandbox.OK},
	{"chunked", chunkedHead + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 100, "hello", sandbox.OK},
	{"without length", okHead + "\r\nhello", 100, "hello", sandbox.OK},
	{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", 100, "hello", sandbox.OK},
	{"empty", okHead + "Content-Length: 0\r\n\r\n", 100, "", sandbox.OK},
	{"identity", okHead + "Content-Encoding: identity\r\n\r\nhello", 100, "hello", sandbox.OK},
	{"data after the content", okHead + "Content-Length: 5\r\n\r\nhello and more", 100, "hello", sandbox.OK},
}

var responsesNearLimit = []responseTest{
	{"exactly at the limit", okHead + "\r\nhello", 5, "hello", sandbox.OK},
	{"exactly at the limit, chunked", chunkedHead + "5\r\nhello\r\n0\r\n\r\n", 5, "hello", sandbox.OK},
	{"exactly at the limit, with length", okHead + "Content-Length: 5\r\n\r\nhello", 5, "hello", sandbox.OK},
	{"above the limit", okHead + "\r\nhello!", 5, "hello", sandbox.Oversize},
	{"above the limit, chunked", chunkedHead + "6\r\nhello!\r\n0\r\n\r\n", 5, "hello", sandbox.Oversize},
	{"above the limit, with length", okHead + "Content-Length: 6\r\n\r\nhello!", 5, "", sandbox.Oversize},
	{"head above the limit", okHead + strings.Repeat("X: y\r\n", maxHeadBytes), 100, "", sandbox.Oversize},
	{"line above the limit", okHead + "X: " + strings.Repeat("y", maxHeadBytes), 100, "", sandbox.Oversize},
	{
		"framing above the limit", chunkedHead + strings.Repeat("0000000000000001\r\nx\r\n", 9_000) + "0\r\n\r\n",
		10_000, "", sandbox.Oversize,
	},
}

var incompleteResponses = []responseTest{
	{"no data", "", 100, "", sandbox.Disconnected},
	{"closed in the head", okHead + "Content-Le", 100, "", sandbox.Disconnected},
	{"closed in the content", okHead + "Content-Length: 9\r\n\r\nhello", 100, "hello", sandbox.Disconnected},
	{"closed in a chunk", chunkedHead + "9\r\nhello", 100, "hello", sandbox.Disconnected},
	{"closed between chunks", chunkedHead + "5\r\nhello\r\n", 100, "hello", sandbox.Disconnected},
}

var refusedResponses = []responseTest{
	{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 100, "", sandbox.Refused},
	{"redirect", "HTTP/1.1 302 Found\r\nLocation: /direct-volume/resize\r\n\r\n", 100, "", sandbox.Refused},
	{"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\nURL NOT FOUND", 100, "", sandbox.Refused},
	{"server error", "HTTP/1.1 500 Internal Server Error\r\n\r\noops", 100, "", sandbox.Refused},
	{"continue", "HTTP/1.1 100 Continue\r\n\r\n", 100, "", sandbox.Refused},
}

var malformedResponses = []responseTest{
	{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 100, "", sandbox.Malformed},
	{"text without a head", "# HELP kata_shim_threads\n", 100, "", sandbox.Malformed},
	{"compressed", okHead + "Content-Encoding: gzip\r\n\r\nhello", 100, "", sandbox.Malformed},
	{"two lengths", okHead + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 100, "", sandbox.Malformed},
	{"negative length", okHead + "Content-Length: -5\r\n\r\nhello", 100, "", sandbox.Malformed},
	{"unknown transfer encoding", okHead + "Transfer-Encoding: gzip\r\n\r\nhello", 100, "", sandbox.Malformed},
	{"chunk without length", chunkedHead + "hello\r\n", 100, "", sandbox.Malformed},
}

func TestResponses(t *testing.T) {
	for _, tests := range [][]responseTest{
		completeResponses, responsesNearLimit, incompleteResponses, refusedResponses, malformedResponses,
	} {
		for _, test := range tests {
			t.Run(test.name, test.run)
		}
	}
}

func (test responseTest) run(t *testing.T) {
	f := serve(t, respondWith(test.response))
	content, err := fetch(t.Context(), f, test.limit)
	if outcome := sandbox.OutcomeOf(err); outcome != test.outcome {
		t.Errorf("got outcome %s (%v), want %s", outcome, err, test.outcome)
	}
	// How much of that content is read depends on the read buffer.
	if content != test.content && test.name != "framing above the limit" {
		t.Errorf("got content %.100q, want %q", content, test.content)
	}
	if got := f.requests(); len(got) != 1 {
		t.Errorf("received %d requests, want 1", len(got))
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
	content, err := fetch(t.Context(), f, 1<<20)
	if sandbox.OutcomeOf(err) != sandbox.Oversize || len(content) != 1<<20 {
		t.Errorf("got %d bytes, error %v, want %d bytes, %s", len(content), err, 1<<20, sandbox.Oversize)
	}
}

func FuzzResponse(f *testing.F) {
	responses := make(chan []byte, 1)
	server := serve(f, func(conn net.Conn) { _, _ = conn.Write(<-responses) })
	const limit = 1000
	f.Fuzz(func(t *testing.T, data []byte) {
		responses <- data
		content, err := fetch(t.Context(), server, limit)
		if len(content) > limit {
			t.Errorf("got %d bytes, which exceeds the limit", len(content))
		}
		var failure *sandbox.Failure
		if err != nil && !errors.As(err, &failure) {
			t.Errorf("got error %v, want a sandbox.Failure", err)
		}
		if outcome := sandbox.OutcomeOf(err); outcome == sandbox.Internal || outcome == sandbox.Timeout {
			t.Errorf("got error %v, want another outcome", err)
		}
	})
}
