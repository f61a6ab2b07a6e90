package pages

import (
	"context"
	"io"
	"sync"
	"time"
)

const chunkSize = 64 << 10

// chunks are the buffers that pages consist of. All pages share them.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// Page is a rendered page. It is shared by all clients that asked for it while it was
// being rendered.
type Page struct {
	// Context is canceled when the clients are too slow and have to be disconnected.
	Context context.Context

	cancel context.CancelFunc
	// done is closed when the page is complete or err is set.
	done   chan struct{}
	err    error
	chunks []*[chunkSize]byte
	// used is the number of bytes in the last chunk.
	used    int
	refs    int
	slotted bool
	since   time.Time
}

// Write appends to the page.
func (p *Page) Write(data []byte) (int, error) {
	written := len(data)
	for len(data) > 0 {
		if len(p.chunks) == 0 || p.used == chunkSize {
			p.chunks = append(p.chunks, chunks.Get().(*[chunkSize]byte))
			p.used = 0
		}
		n := copy(p.chunks[len(p.chunks)-1][p.used:], data)
		p.used += n
		data = data[n:]
	}
	return written, nil
}

// Size returns the number of bytes.
func (p *Page) Size() int {
	if len(p.chunks) == 0 {
		return 0
	}
	return (len(p.chunks)-1)*chunkSize + p.used
}

// WriteTo writes the page to a client.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for i, chunk := range p.chunks {
		data := chunk[:]
		if i == len(p.chunks)-1 {
			data = chunk[:p.used]
		}
		n, err := w.Write(data)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// recycle gives the buffers back.
func (p *Page) recycle() {
	for _, chunk := range p.chunks {
		chunks.Put(chunk)
	}
	p.chunks = nil
	p.cancel()
}
