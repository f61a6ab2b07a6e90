package shim

import (
	"context"
	"errors"
	"io"
	"net"
)

// wire reads the bytes of a response from the connection, up to a limit.
type wire struct {
	ctx  context.Context
	conn *net.UnixConn
	// left is the number of bytes that may still be read.
	left int64
	// first is the first byte of the response, and hasFirst is whether it has
	// been received but not yet returned by Read.
	first    [1]byte
	hasFirst bool
	// err is the last error of Read. It is kept because parsers tend to replace
	// it with an error about what they expected.
	err error
}

// await waits for the first byte.
func (w *wire) await() error {
	if _, err := io.ReadFull(w.conn, w.first[:]); err != nil {
		return failure(w.ctx, err)
	}
	w.hasFirst = true
	return nil
}

func (w *wire) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if w.left <= 0 {
		w.err = errTooLarge
		return 0, w.err
	}
	if int64(len(p)) > w.left {
		p = p[:w.left]
	}
	if w.hasFirst {
		w.hasFirst = false
		w.left--
		p[0] = w.first[0]
		return 1, nil
	}
	n, err := w.conn.Read(p)
	w.left -= int64(n)
	w.err = err
	return n, err
}

// body reads the content of a response, up to a limit.
type body struct {
	ctx     context.Context
	content io.Reader
	left    int64
}

func (b *body) Read(p []byte) (int, error) {
	// Reading one byte beyond the limit distinguishes content that ends exactly
	// at the limit from longer content.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.content.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), errTooLarge
	}
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure(b.ctx, err)
	}
	return n, err
}
