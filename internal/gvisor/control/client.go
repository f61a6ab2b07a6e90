package control

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Client calls one sandbox. It is used by one goroutine at a time.
type Client struct {
	keeper *Keeper
	// conn is the connection to target, nil if there is none. kept tells that
	// the keeper has admitted it.
	conn   *net.UnixConn
	target Target
	kept   bool
	answer answer
}

// NewClient makes a client without a connection.
func NewClient(keeper *Keeper) *Client { return &Client{keeper: keeper} }

// Call sends a request and hands the answer to decode, which is not called
// before the answer begins. It must read just the answer, and prove that
// nothing follows in what has arrived.
//
// It returns when the context ends, at the latest. Errors are
// [sandbox.Failure]s: of the transport, or what decode returned. After any, the
// connection is closed.
func (c *Client) Call(ctx context.Context, target Target, request Request, decode func(io.Reader) error) error {
	reused, err := c.connect(ctx, target)
	if err == nil {
		err = c.exchange(ctx, request, decode)
		if reused && c.answer.closedBefore() {
			// The other end had closed the kept connection; that says nothing
			// about the sandbox, which may listen for a new one.
			if err = c.dial(ctx, target); err == nil {
				err = c.exchange(ctx, request, decode)
			}
		}
	}
	if err != nil {
		c.Close()
		return err
	}
	c.keep()
	return nil
}

// Close closes the connection, if there is one. The next call makes another.
func (c *Client) Close() {
	if c.conn == nil {
		return
	}
	_ = c.conn.Close()
	c.conn = nil
	c.answer = answer{}
	if c.kept {
		c.keeper.release()
		c.kept = false
	}
}

// keep decides whether the connection outlives the call.
func (c *Client) keep() {
	if c.conn == nil || c.kept {
		return
	}
	if c.keeper.admit() {
		c.kept = true
		return
	}
	c.Close()
}

// connect sees to it that there is a connection, and tells whether it is an
// older one.
func (c *Client) connect(ctx context.Context, target Target) (reused bool, err error) {
	if c.conn != nil && c.target == target {
		idle, _ := host.LookAtIdle(c.conn)
		switch idle {
		case host.Quiet:
			return true, nil
		case host.Unsolicited:
			return false, sandbox.Failf(sandbox.Malformed, "the sandbox sent something without having been asked")
		case host.Closed:
		}
	}
	return false, c.dial(ctx, target)
}

// exchange sends one request and has its answer decoded.
func (c *Client) exchange(ctx context.Context, request Request, decode func(io.Reader) error) error {
	conn := c.conn
	c.answer = answer{conn: conn}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return sandbox.Fail(sandbox.Internal, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	err := c.answer.take(request, decode)
	if !stop() && err == nil {
		// The deadline of the past may yet be set at any moment.
		c.Close()
	}
	if err == nil {
		return nil
	}
	if transport := c.answer.err; transport != nil {
		return transportFailure(ctx, transport)
	}
	return sandbox.Fail(sandbox.Malformed, err)
}

// past is a deadline that ends every read and write at once.
var past = time.Unix(1, 0)

// answer is the reading end during one call.
type answer struct {
	conn *net.UnixConn
	// err is the first error of the connection.
	err error
	// begun: something has arrived.
	begun bool
}

func (a *answer) take(request Request, decode func(io.Reader) error) error {
	if _, a.err = a.conn.Write(request.body); a.err != nil {
		return a.err
	}
	if a.err = host.AwaitReadable(a.conn); a.err != nil {
		return a.err
	}
	return decode(a)
}

// Read is for decode.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.conn.Read(p)
	a.begun = a.begun || n > 0
	if err != nil && a.err == nil {
		a.err = err
	}
	return n, err
}

// closedBefore tells whether the other end closed the connection and nothing
// of an answer came.
func (a *answer) closedBefore() bool { return !a.begun && isClosed(a.err) }

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// transportFailure tells what an error of the connection means.
func transportFailure(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return sandbox.Fail(sandbox.Cancelled, ctx.Err())
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return sandbox.Failf(sandbox.Timeout, "no complete answer before the deadline")
	case errors.Is(err, io.EOF):
		return sandbox.Failf(sandbox.Disconnected, "the sandbox closed the connection before its answer was complete")
	}
	return sandbox.Fail(sandbox.Disconnected, err)
}
