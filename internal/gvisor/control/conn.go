package control

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Conn is a connection to a sandbox, for the calls of one pull. It is used by
// one goroutine, and not after it was closed.
type Conn struct {
	ctx    context.Context
	socket *os.File
	// expire ends what the connection is at; stop ends that the context's end
	// is waited for, which would call it.
	expire func()
	stop   func() bool
	// broken is the first error of the connection.
	broken error
	// head holds the beginning of an answer, of which rest has not been decoded.
	// It is all the memory that a sandbox that does not answer keeps occupied.
	head [512]byte
	rest []byte
}

// past is a deadline that ends every read and write at once.
var past = time.Unix(1, 0)

// conns are those that have been closed, to be used again: a pull makes few
// allocations, so each counts.
var conns = sync.Pool{New: func() any {
	c := new(Conn)
	c.expire = func() { _ = c.socket.SetDeadline(past) }
	return c
}}

func newConn(ctx context.Context, socket *os.File) (*Conn, error) {
	deadline, _ := ctx.Deadline()
	if err := socket.SetDeadline(deadline); err != nil {
		_ = socket.Close()
		return nil, sandbox.Fail(sandbox.Internal, err)
	}
	c := conns.Get().(*Conn)
	c.ctx, c.socket, c.broken, c.rest = ctx, socket, nil, nil
	c.stop = context.AfterFunc(ctx, c.expire)
	return c, nil
}

// Close closes the connection.
func (c *Conn) Close() error {
	idle := c.stop()
	err := c.socket.Close()
	if idle {
		c.ctx, c.socket, c.stop = nil, nil, nil
		// Otherwise the connection may be expired at any moment from now on,
		// which must not happen to the next one.
		conns.Put(c)
	}
	return err
}

// Call sends a request and hands the answer to decode, which is not called
// before the answer begins. It must read just the answer, and prove that
// nothing follows in what has arrived.
//
// Errors are [sandbox.Failure]s: of the connection, or what decode returned.
// After any, the connection is of no more use.
func (c *Conn) Call(request Request, decode func(io.Reader) error) error {
	err := c.exchange(request, decode)
	switch {
	case err == nil:
		return nil
	case c.broken != nil:
		return transportFailure(c.ctx, c.broken)
	}
	return sandbox.Fail(sandbox.Malformed, err)
}

func (c *Conn) exchange(request Request, decode func(io.Reader) error) error {
	if _, err := c.socket.Write(request.body); err != nil {
		c.broken = err
		return err
	}
	n, err := c.socket.Read(c.head[:])
	if err != nil {
		c.broken = err
		return err
	}
	c.rest = c.head[:n]
	return decode((*answer)(c))
}

// answer is a connection as decode sees it.
type answer Conn

// Read reads without a control buffer.
func (a *answer) Read(p []byte) (int, error) {
	if len(a.rest) > 0 {
		n := copy(p, a.rest)
		a.rest = a.rest[n:]
		return n, nil
	}
	n, err := a.socket.Read(p)
	if err != nil && a.broken == nil {
		a.broken = err
	}
	return n, err
}

// transportFailure tells what an error of a connection means.
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
