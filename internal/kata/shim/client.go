package shim

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	// longestWait is for callers without a deadline.
	longestWait = 30 * time.Second
	// headLimit is how long status line and headers may be. Shims send some
	// hundred bytes.
	headLimit = 16 << 10
	// framingReserve is how much longer than its content a body may be on the
	// wire. Shims send chunks of some KiB, each with a line of its own.
	framingReserve = 64 << 10
	framingFactor  = 8 // one eighth of the content
)

// Request is one of the requests that may be sent.
type Request struct{ text string }

// The requests that there are.
var (
	Metrics  = Request{"GET /metrics HTTP/1.1\r\nHost: shim\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"}
	AgentURL = Request{"GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n"}
)

// Ask is one request.
type Ask struct {
	// Socket is the path of the shim's socket.
	Socket  string
	Request Request
	// MaxBytes is how long the content of the answer may be.
	MaxBytes int64
	// Check looks at who listens. If it fails, nothing is sent.
	Check func(host.Peer) error
	// Read reads the content of the answer. It is called when the answer has
	// begun to arrive, and not while the shim is still thinking.
	Read func(body io.Reader) error
}

// Do connects, sends the request and has the answer read. It returns when the
// context ends, at the latest, and then at once.
func Do(ctx context.Context, ask Ask) error {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	conn, release, err := dial(ctx, ask.Socket)
	if err != nil {
		return err
	}
	defer release()
	if err := checkPeer(conn, ask.Check); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, ask.Request.text); err != nil {
		return failure(ctx, err)
	}
	// A shim may take many seconds before it sends anything. Until then, no
	// more memory than this is held.
	wire := &wire{ctx: ctx, conn: conn, left: headLimit}
	if err := wire.await(); err != nil {
		return err
	}
	buffer := buffers.Get().(*bufio.Reader)
	buffer.Reset(wire)
	defer func() {
		buffer.Reset(nil)
		buffers.Put(buffer)
	}()
	// The body is not closed, which would read all of it: the connection is.
	answer, err := http.ReadResponse(buffer, nil) //nolint:bodyclose // see above
	if err != nil {
		return failure(ctx, cmp.Or(wire.err, err))
	}
	if answer.StatusCode != http.StatusOK {
		return sandbox.Failf(sandbox.Refused, "the shim answered with status %d", answer.StatusCode)
	}
	if encoding := answer.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return sandbox.Failf(sandbox.Malformed, "the shim sent a compressed answer, which it was not asked for")
	}
	if answer.ContentLength > ask.MaxBytes {
		return sandbox.Failf(sandbox.Oversize, "the shim announced %d bytes, which is above the limit of %d",
			answer.ContentLength, ask.MaxBytes)
	}
	wire.left = ask.MaxBytes + ask.MaxBytes/framingFactor + framingReserve
	if err := ask.Read(&body{ctx: ctx, content: answer.Body, left: ask.MaxBytes}); err != nil {
		return sandbox.Fail(sandbox.Internal, err)
	}
	return nil
}

// Peer connects, looks who listens, and hangs up without having sent a byte,
// which either runtime takes for a client that changed its mind.
func Peer(ctx context.Context, socket string, check func(host.Peer) error) (host.Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	conn, release, err := dial(ctx, socket)
	if err != nil {
		return host.Peer{}, err
	}
	defer release()
	var peer host.Peer
	err = checkPeer(conn, func(p host.Peer) error {
		peer = p
		return check(p)
	})
	return peer, err
}

var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

// dial connects. Whatever happens on the connection ends with the context.
func dial(ctx context.Context, socket string) (conn *net.UnixConn, release func(), err error) {
	conn, err = host.DialUnix(ctx, socket)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, failure(ctx, err)
		}
		return nil, nil, sandbox.Fail(sandbox.Unreachable, err)
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	return conn, func() {
		if !stop() {
			<-interrupted
		}
		_ = conn.Close()
	}, nil
}

func checkPeer(conn *net.UnixConn, check func(host.Peer) error) error {
	peer, err := host.PeerOf(conn)
	if err != nil {
		return sandbox.Fail(sandbox.Internal, err)
	}
	if err := check(peer); err != nil {
		return sandbox.Fail(sandbox.WrongPeer, err)
	}
	return nil
}

// errTooLong is what reading beyond a limit fails with.
var errTooLong = errors.New("the answer is longer than allowed")

// failure gives an error of the connection, or of HTTP, its outcome.
func failure(ctx context.Context, err error) error {
	var broken *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return sandbox.Fail(sandbox.Canceled, err)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return sandbox.Fail(sandbox.Timeout, err)
	case errors.Is(err, errTooLong):
		return sandbox.Fail(sandbox.Oversize, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &broken):
		return sandbox.Fail(sandbox.Disconnected, err)
	}
	return sandbox.Fail(sandbox.Malformed, err)
}
