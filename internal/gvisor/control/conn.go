package control

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Conn is a connection to a sandbox for the calls of one pull. It is used by
// one goroutine, and must not be used after Close.
//
// Until it has to block, it is only a file descriptor. The first read or write
// that would block registers it with Go's poller and sets its deadline.
type Conn struct {
	ctx    context.Context
	socket host.Socket
	// file is the socket once the connection has blocked, nil before.
	file *os.File
	// onBlock is called before the connection blocks for the first time.
	onBlock func()
	// interrupt aborts pending I/O of file. It runs when the context ends,
	// unless stopInterrupt is called first.
	interrupt     func()
	stopInterrupt func() bool
	// received counts the bytes of all responses so far.
	received int
	// ready reports that the next response has begun to arrive, or never will.
	ready bool
	// overdue reports that the deadline passed before the last response began.
	overdue bool
	// ioErr is the first I/O error of the connection.
	ioErr error
	// head holds the beginning of a response for which the connection blocked,
	// and rest the part of it that is not decoded yet. They are all the memory
	// that a sandbox that does not respond occupies.
	head [512]byte
	rest []byte
}

// pastDeadline makes every read and write fail immediately.
var pastDeadline = time.Unix(1, 0)

// connPool holds closed connections for reuse, because a pull makes so few
// allocations that each one counts.
var connPool = sync.Pool{New: func() any {
	c := new(Conn)
	c.interrupt = func() { _ = c.file.SetDeadline(pastDeadline) }
	return c
}}

func newConn(ctx context.Context, socket host.Socket) *Conn {
	c := connPool.Get().(*Conn)
	c.ctx, c.socket = ctx, socket
	return c
}

// Close closes the connection.
func (c *Conn) Close() (err error) {
	reusable := true
	if c.file == nil {
		err = c.socket.Close()
	} else {
		reusable = c.stopInterrupt()
		err = c.file.Close()
	}
	if reusable {
		// If the context has ended, interrupt may still run, and would then abort
		// the I/O of the connection that reuses the memory.
		c.ctx, c.file, c.onBlock, c.stopInterrupt = nil, nil, nil, nil
		c.received, c.ready, c.overdue, c.ioErr, c.rest = 0, false, false, nil, nil
		connPool.Put(c)
	}
	return err
}

// Detach returns the open socket of a connection if the deadline passed before the
// response began, nil otherwise. After that, the connection must not be used, not even
// closed. The socket must not be read: whatever arrives is late.
func (c *Conn) Detach() *os.File {
	if !c.overdue || c.file == nil {
		return nil
	}
	// The memory is not reused, because interrupt may still run.
	c.stopInterrupt()
	return c.file
}

// OnBlock sets a function that is called once, before the connection blocks or
// after it has received so much that reading the response will take long.
func (c *Conn) OnBlock(call func()) { c.onBlock = call }

// Call sends a request and passes the response to decode: it combines
// [Conn.Send] and [Conn.Receive].
func (c *Conn) Call(request Request, decode func(io.Reader) error) error {
	if err := c.Send(request); err != nil {
		return err
	}
	return c.Receive(decode)
}

// Send sends a request and does not wait for the response.
func (c *Conn) Send(request Request) error {
	for body := request.body; len(body) > 0; {
		n, err := c.write(body)
		if err != nil {
			c.ioErr = err
			return connFailure(c.ctx, err)
		}
		body = body[n:]
	}
	return nil
}

// Ready reports whether the response has begun to arrive, or never will. Once
// the connection has blocked, Ready no longer checks the socket.
func (c *Conn) Ready() bool {
	if !c.ready && c.file == nil {
		c.ready = c.socket.Readable()
	}
	return c.ready
}

// Receive waits until the response begins and passes it to decode, which must
// read exactly the response and check that no further bytes arrived with it.
//
// The error is a [sandbox.Failure], of the connection or of decode. After an error
// other than [sandbox.Refused], which is a complete response, the connection must not
// be used again, except to close it.
func (c *Conn) Receive(decode func(io.Reader) error) error {
	if !c.Ready() {
		n, err := c.read(c.head[:])
		if err != nil {
			c.ioErr = err
			err = connFailure(c.ctx, err)
			c.overdue = sandbox.OutcomeOf(err) == sandbox.Timeout
			return err
		}
		c.rest = c.head[:n]
	}
	c.ready = false
	err := decode((*response)(c))
	switch {
	case err == nil:
		return nil
	case c.ioErr != nil:
		return connFailure(c.ctx, c.ioErr)
	}
	return sandbox.Fail(urpc.Outcome(err), err)
}

// response is the reader that decode gets.
type response Conn

// Read reads without a control buffer, so that the kernel drops attached file
// descriptors.
func (r *response) Read(p []byte) (int, error) {
	if len(r.rest) > 0 {
		n := copy(p, r.rest)
		r.rest = r.rest[n:]
		return n, nil
	}
	n, err := (*Conn)(r).read(p)
	if err != nil && r.ioErr == nil {
		r.ioErr = err
	}
	return n, err
}

// typicalResponseSize is the size beyond which reading a response counts as
// blocking. Most responses have some 10 KB.
const typicalResponseSize = 64 << 10

func (c *Conn) read(p []byte) (n int, err error) {
	if c.file == nil && c.received <= typicalResponseSize {
		n, err = c.socket.Read(p)
		c.received += n
		if !errors.Is(err, host.ErrWouldBlock) {
			return n, err
		}
	}
	if err := c.enableBlocking(); err != nil {
		return 0, err
	}
	return c.file.Read(p)
}

func (c *Conn) write(p []byte) (n int, err error) {
	if c.file == nil {
		n, err = c.socket.Write(p)
		if !errors.Is(err, host.ErrWouldBlock) {
			return n, err
		}
	}
	if err := c.enableBlocking(); err != nil {
		return 0, err
	}
	return c.file.Write(p)
}

// enableBlocking lets reads and writes block until the context ends.
func (c *Conn) enableBlocking() error {
	if c.file != nil {
		return nil
	}
	if c.onBlock != nil {
		c.onBlock()
	}
	c.file = c.socket.File()
	deadline, _ := c.ctx.Deadline()
	if err := c.file.SetDeadline(deadline); err != nil {
		c.stopInterrupt = func() bool { return true }
		return sandbox.Fail(sandbox.Internal, err)
	}
	c.stopInterrupt = context.AfterFunc(c.ctx, c.interrupt)
	return nil
}

// connFailure converts an I/O error of a connection to a [sandbox.Failure].
func connFailure(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		// The end of the context aborts I/O with errors of other kinds.
		err = cause
	}
	switch outcome := urpc.SourceOutcome(err); {
	case outcome == sandbox.Timeout:
		return sandbox.Failf(outcome, "deadline exceeded before the response was complete")
	case errors.Is(err, io.EOF):
		return sandbox.Failf(outcome, "sandbox closed the connection before the response was complete")
	default:
		return sandbox.Fail(outcome, err)
	}
}
