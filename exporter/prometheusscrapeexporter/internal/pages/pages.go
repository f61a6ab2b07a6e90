// Package pages renders pages for clients and limits what clients can make it cost.
// Pages are rendered one at a time. Clients that ask for the same page while it is being
// rendered share it, and there are never more than a few pages in memory: when slow
// clients hold all of them, those that have been reading for the longest time are
// disconnected.
package pages

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
)

const (
	// maxPages limits the pages in memory, including the one that is being rendered.
	maxPages = 3
	// patience is how long a client may read while another client waits for a page.
	patience = 5 * time.Second
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the exporter is shutting down")

// Key selects a page.
type Key struct {
	Format render.Format
	Gzip   bool
}

// RenderFunc renders a page.
type RenderFunc func(w io.Writer, format render.Format) error

// Pages renders and shares pages. It may be used concurrently.
type Pages struct {
	slots  chan struct{}
	closed context.Context
	close  context.CancelFunc
	wait   sync.WaitGroup

	// rendering serializes the use of render and gzip.
	rendering chan struct{}
	render    RenderFunc
	gzip      *gzip.Writer

	mu      sync.Mutex
	pending map[Key]*Page
	live    map[*Page]struct{}
}

// New returns Pages that are rendered by a function, which is never called concurrently.
func New(renderPage RenderFunc) *Pages {
	compressor, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // The level is a constant.
	}
	closed, cancel := context.WithCancel(context.Background())
	return &Pages{
		slots: make(chan struct{}, maxPages), rendering: make(chan struct{}, 1), closed: closed, close: cancel,
		render: renderPage, gzip: compressor,
		pending: make(map[Key]*Page), live: make(map[*Page]struct{}),
	}
}

// Close disconnects all clients and waits until no page is being rendered.
func (p *Pages) Close() {
	// Acquire adds to wait under mu.
	p.mu.Lock()
	p.close()
	p.mu.Unlock()
	p.wait.Wait()
}

// Acquire returns a page that is rendered now. The caller has to release it.
func (p *Pages) Acquire(ctx context.Context, key Key) (*Page, error) {
	page, err := p.join(key)
	if err != nil {
		return nil, err
	}
	select {
	case <-page.done:
	case <-ctx.Done():
		p.Release(page)
		return nil, ctx.Err()
	}
	if page.err != nil {
		err := page.err
		p.Release(page)
		return nil, err
	}
	return page, nil
}

// join returns the pending page, or starts a new one.
func (p *Pages) join(key Key) (*Page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Err() != nil {
		return nil, ErrClosed
	}
	page := p.pending[key]
	if page == nil {
		page = &Page{done: make(chan struct{})}
		page.Context, page.cancel = context.WithCancel(p.closed)
		p.pending[key] = page
		// The page does not end with the client that asked for it first.
		page.refs++
		p.wait.Go(func() { p.produce(key, page) })
	}
	page.refs++
	return page, nil
}

// Release gives a page back.
func (p *Pages) Release(page *Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	page.refs--
	if page.refs > 0 {
		return
	}
	page.recycle()
	delete(p.live, page)
	if page.slotted {
		<-p.slots
	}
}

func (p *Pages) produce(key Key, page *Page) {
	defer p.Release(page)
	page.err = p.reserve(page)
	if page.err == nil {
		page.err = p.fill(key, page)
	}
	p.mu.Lock()
	delete(p.pending, key)
	page.since = time.Now()
	p.mu.Unlock()
	close(page.done)
}

// reserve waits until there may be another page.
func (p *Pages) reserve(page *Page) error {
	timer := time.NewTimer(p.disconnect())
	defer timer.Stop()
	for {
		select {
		case p.slots <- struct{}{}:
			p.mu.Lock()
			page.slotted = true
			p.live[page] = struct{}{}
			p.mu.Unlock()
			return nil
		case <-timer.C:
			timer.Reset(p.disconnect())
		case <-p.closed.Done():
			return ErrClosed
		}
	}
}

// disconnect ends the clients of the page that has been read for the longest time, if it
// has to make room and the clients had time enough. It returns when to try again.
func (p *Pages) disconnect() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.live) < maxPages {
		return patience
	}
	var oldest *Page
	for page := range p.live {
		complete := !page.since.IsZero() && page.Context.Err() == nil
		if complete && (oldest == nil || page.since.Before(oldest.since)) {
			oldest = page
		}
	}
	if oldest == nil {
		return patience
	}
	if remaining := patience - time.Since(oldest.since); remaining > 0 {
		return remaining
	}
	oldest.cancel()
	return patience
}

// fill renders a page.
func (p *Pages) fill(key Key, page *Page) error {
	p.rendering <- struct{}{}
	defer func() { <-p.rendering }()
	if !key.Gzip {
		return p.render(page, key.Format)
	}
	p.gzip.Reset(page)
	if err := p.render(p.gzip, key.Format); err != nil {
		return err
	}
	err := p.gzip.Close()
	p.gzip.Reset(io.Discard)
	return err
}
