package shim

import (
	"context"
	"errors"
	"io"
	"net"
)

// wire is the bytes of an answer as they come from the connection, up to a
// limit.
type wire struct {
	ctx  context.Context
	conn *net.UnixConn
	// left is how many bytes may still come.
	left int64
	// first is the first byte, if it has come and was not read yet.
	first   [1]byte
	waiting bool
	// err is what reading ended with. Parsers tend to report what they miss
	// instead.
	err error
}

// await waits for the first byte.
func (w *wire) await() error {
	if _, err := io.ReadFull(w.conn, w.first[:]); err != nil {
		return failure(w.ctx, err)
	}
	w.waiting = true
	return nil
}

func (w *wire) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.left <= 0 {
		w.err = errTooLong
		return 0, w.err
	}
	if int64(len(p)) > w.left {
		p = p[:w.left]
	}
	if w.waiting {
		w.waiting = false
		w.left--
		p[0] = w.first[0]
		return 1, nil
	}
	n, err := w.conn.Read(p)
	w.left -= int64(n)
	w.err = err
	return n, err
}

// body is the content of an answer, up to a limit.
type body struct {
	ctx     context.Context
	content io.Reader
	left    int64
}

func (b *body) Read(p []byte) (int, error) {
	// One byte more than allowed is asked for, to tell an answer of just the
	// right length from a longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.content.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), errTooLong
	}
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure(b.ctx, err)
	}
	return n, err
}
