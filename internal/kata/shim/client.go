package shim

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
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
	// maxDuration limits calls whose context has no earlier deadline.
	maxDuration = 30 * time.Second
	// maxHeadBytes limits the status line and headers of a response. Shims send
	// some hundred bytes.
	maxHeadBytes = 16 << 10
	// A body can be longer on the wire than its content by framingReserve plus
	// the content divided by framingDivisor. Shims send chunks of some KiB, each
	// preceded by a line with its length.
	framingReserve = 64 << 10
	framingDivisor = 8
)

// Endpoint is a path of a shim together with the complete text of the request
// that is sent for it. Only this package can create endpoints.
type Endpoint struct{ request string }

// The supported endpoints.
var (
	Metrics  = Endpoint{"GET /metrics HTTP/1.1\r\nHost: shim\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"}
	AgentURL = Endpoint{"GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n"}
)

// Request describes a request to a shim and how its response is handled.
type Request struct {
	// Socket is the path of the shim's socket.
	Socket   string
	Endpoint Endpoint
	// MaxBytes limits the size of the response's content.
	MaxBytes int64
	// CheckPeer verifies the process that listens on the socket. If it returns
	// an error, nothing is sent.
	CheckPeer func(host.Peer) error
	// ReadBody reads the content of the response. It is called when the response
	// has begun to arrive, so it occupies no resources while the shim is still
	// preparing the response.
	ReadBody func(body io.Reader) error
}

// Fetch connects to a shim, sends the request and passes the body of the
// response to ReadBody. It returns promptly when the context ends.
func Fetch(ctx context.Context, request Request) error {
	ctx, cancel := context.WithTimeout(ctx, maxDuration)
	defer cancel()
	conn, release, err := dial(ctx, request.Socket)
	if err != nil {
		return err
	}
	defer release()
	if err := checkPeer(conn, request.CheckPeer); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, request.Endpoint.request); err != nil {
		return failure(ctx, err)
	}
	// A shim may need many seconds for its response. Until the first byte
	// arrives, no buffer is allocated.
	wire := &wire{ctx: ctx, conn: conn, left: maxHeadBytes}
	if err := wire.await(); err != nil {
		return err
	}
	buffer := buffers.Get().(*bufio.Reader)
	buffer.Reset(wire)
	defer func() {
		buffer.Reset(nil)
		buffers.Put(buffer)
	}()
	// The body is not closed, because that would read the rest of it. Closing
	// the connection releases everything.
	response, err := http.ReadResponse(buffer, nil) //nolint:bodyclose // see above
	if err != nil {
		return failure(ctx, cmp.Or(wire.err, err))
	}
	if err := checkHead(response, request.MaxBytes); err != nil {
		return err
	}
	wire.left = request.MaxBytes + request.MaxBytes/framingDivisor + framingReserve
	if err := request.ReadBody(&body{ctx: ctx, content: response.Body, left: request.MaxBytes}); err != nil {
		return sandbox.Fail(sandbox.Internal, err)
	}
	return nil
}

// checkHead returns an error if the status or headers of a response show that
// its body cannot be used.
func checkHead(response *http.Response, maxBytes int64) error {
	if response.StatusCode != http.StatusOK {
		return sandbox.Failf(sandbox.Refused, "shim responded with status %d", response.StatusCode)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return sandbox.Failf(sandbox.Malformed, "shim sent a compressed response, which was not requested")
	}
	if response.ContentLength > maxBytes {
		return sandbox.Failf(sandbox.Oversize,
			"response of %d bytes exceeds the limit of %d bytes: if you trust the sandbox, raise kata::max_response_size",
			response.ContentLength, maxBytes)
	}
	return nil
}

// PeerOf connects to a socket, returns the process that listens on it, and closes
// the connection without sending anything. Both runtimes treat this like a client
// that disconnects early. PeerOf returns an error if check does.
func PeerOf(ctx context.Context, socket string, check func(host.Peer) error) (host.Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDuration)
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

// dial connects to a socket. All operations on the connection fail once the
// context has ended.
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

// checkPeer verifies the process at the other end of a connection.
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

// errTooLarge is the error of a read beyond a limit.
var errTooLarge = errors.New("response exceeds the size limit: if you trust the sandbox, raise kata::max_response_size")

// failure wraps an error of the connection or of the HTTP parser with its
// outcome.
func failure(ctx context.Context, err error) error {
	var network *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return sandbox.Fail(sandbox.Canceled, err)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return sandbox.Fail(sandbox.Timeout, fmt.Errorf("deadline exceeded before the response was complete: %w", err))
	case errors.Is(err, errTooLarge):
		return sandbox.Fail(sandbox.Oversize, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &network):
		return sandbox.Fail(sandbox.Disconnected, fmt.Errorf("shim closed the connection before the response was complete: %w", err))
	}
	return sandbox.Fail(sandbox.Malformed, fmt.Errorf("read response of shim: %w", err))
}
