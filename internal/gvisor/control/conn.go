package control

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Conn is a connection to a sandbox, for the calls of one pull. It is used by
// one goroutine, and not after it was closed.
//
// As long as it need not wait, it is no more than a descriptor. Only a read that
// finds nothing makes it known to Go's poller, and its deadline to a timer.
type Conn struct {
	ctx    context.Context
	socket host.Socket
	// waiting is the socket once it was waited for, nil before.
	waiting *os.File
	// beforeWaiting is called before the first wait.
	beforeWaiting func()
	// expire ends what the connection waits for; stop ends that the context's
	// end is waited for, which would call it.
	expire func()
	stop   func() bool
	// received is how many bytes have come, of all answers. answered tells that
	// more have, or that none will.
	received int
	answered bool
	// broken is the first error of the connection.
	broken error
	// head holds the beginning of an answer that was waited for, of which rest
	// has not been decoded. It is all the memory that a sandbox that does not
	// answer keeps occupied.
	head [512]byte
	rest []byte
}

// past is a deadline that ends every read and write at once.
var past = time.Unix(1, 0)

// conns are those that have been closed, to be used again: a pull makes few
// allocations, so each counts.
var conns = sync.Pool{New: func() any {
	c := new(Conn)
	c.expire = func() { _ = c.waiting.SetDeadline(past) }
	return c
}}

func newConn(ctx context.Context, socket host.Socket) *Conn {
	c := conns.Get().(*Conn)
	c.ctx, c.socket = ctx, socket
	return c
}

// Close closes the connection.
func (c *Conn) Close() (err error) {
	idle := true
	if c.waiting == nil {
		err = c.socket.Close()
	} else {
		idle = c.stop()
		err = c.waiting.Close()
	}
	if idle {
		// Otherwise the connection may be expired at any moment from now on,
		// which must not happen to the next one.
		c.ctx, c.waiting, c.beforeWaiting, c.stop = nil, nil, nil, nil
		c.received, c.answered, c.broken, c.rest = 0, false, nil, nil
		conns.Put(c)
	}
	return err
}

// OnBlock has a function called once before the connection waits for the
// sandbox, or has received so much that the answer is going to take its time.
func (c *Conn) OnBlock(call func()) { c.beforeWaiting = call }

// Call sends a request and hands the answer to decode: it is [Conn.Send] and
// [Conn.Receive].
func (c *Conn) Call(request Request, decode func(io.Reader) error) error {
	if err := c.Send(request); err != nil {
		return err
	}
	return c.Receive(decode)
}

// Send sends a request, and does not wait for the answer.
func (c *Conn) Send(request Request) error {
	for body := request.body; len(body) > 0; {
		n, err := c.write(body)
		if err != nil {
			c.broken = err
			return transportFailure(c.ctx, err)
		}
		body = body[n:]
	}
	return nil
}

// Ready tells whether the answer has begun to arrive, or never will. It does
// not look any more once the connection was waited for.
func (c *Conn) Ready() bool {
	if !c.answered && c.waiting == nil {
		c.answered = c.socket.Readable()
	}
	return c.answered
}

// Receive hands the answer to decode, which is not called before the answer
// begins. It must read just the answer, and prove that nothing follows in what
// has arrived.
//
// Errors are [sandbox.Failure]s: of the connection, or what decode returned.
// After any, the connection is of no more use.
func (c *Conn) Receive(decode func(io.Reader) error) error {
	if !c.Ready() {
		n, err := c.read(c.head[:])
		if err != nil {
			c.broken = err
			return transportFailure(c.ctx, err)
		}
		c.rest = c.head[:n]
	}
	c.answered = false
	err := decode((*answer)(c))
	switch {
	case err == nil:
		return nil
	case c.broken != nil:
		return transportFailure(c.ctx, c.broken)
	}
	return sandbox.Fail(sandbox.Malformed, err)
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
	n, err := (*Conn)(a).read(p)
	if err != nil && a.broken == nil {
		a.broken = err
	}
	return n, err
}

// usualAnswer is how long an answer may be before it counts as one that takes
// its time. Most have some 10 KB.
const usualAnswer = 64 << 10

func (c *Conn) read(p []byte) (n int, err error) {
	if c.waiting == nil && c.received <= usualAnswer {
		n, err = c.socket.Read(p)
		c.received += n
		if !errors.Is(err, host.ErrWouldBlock) {
			return n, err
		}
	}
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.waiting.Read(p)
}

func (c *Conn) write(p []byte) (n int, err error) {
	if c.waiting == nil {
		n, err = c.socket.Write(p)
		if !errors.Is(err, host.ErrWouldBlock) {
			return n, err
		}
	}
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.waiting.Write(p)
}

// wait makes the connection one that can wait, as long as the context lasts.
func (c *Conn) wait() error {
	if c.waiting != nil {
		return nil
	}
	if c.beforeWaiting != nil {
		c.beforeWaiting()
	}
	c.waiting = c.socket.File()
	deadline, _ := c.ctx.Deadline()
	if err := c.waiting.SetDeadline(deadline); err != nil {
		c.stop = func() bool { return true }
		return sandbox.Fail(sandbox.Internal, err)
	}
	c.stop = context.AfterFunc(c.ctx, c.expire)
	return nil
}

// transportFailure tells what an error of a connection means.
func transportFailure(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return sandbox.Fail(sandbox.Canceled, ctx.Err())
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return sandbox.Failf(sandbox.Timeout, "no complete answer before the deadline")
	case errors.Is(err, io.EOF):
		return sandbox.Failf(sandbox.Disconnected, "the sandbox closed the connection before its answer was complete")
	}
	return sandbox.Fail(sandbox.Disconnected, err)
}
