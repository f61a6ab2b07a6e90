package pages

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/render"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var plain = Key{}

// renders counts renders, which take a second.
type renders struct {
	count, running, concurrent atomic.Int32
}

func (r *renders) render(w io.Writer, _ render.Format) error {
	r.count.Add(1)
	if r.running.Add(1) > 1 {
		r.concurrent.Add(1)
	}
	defer r.running.Add(-1)
	time.Sleep(time.Second)
	_, err := w.Write([]byte("page\n"))
	return err
}

func TestPageIsComplete(t *testing.T) {
	want := strings.Repeat("0123456789", 50_000)
	pages := New(func(w io.Writer, _ render.Format) error {
		_, err := io.Copy(w, pieces(want))
		return err
	})
	defer pages.Close()
	for range 3 {
		for _, key := range []Key{plain, {Gzip: true}} {
			page, err := pages.Acquire(t.Context(), key)
			require.NoError(t, err)
			var got bytes.Buffer
			written, err := page.WriteTo(&got)
			require.NoError(t, err)
			assert.Equal(t, int64(page.Size()), written)
			assert.Equal(t, page.Size(), got.Len())
			var body io.Reader = &got
			if key.Gzip {
				body, err = gzip.NewReader(&got)
				require.NoError(t, err)
			}
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			assert.Equal(t, want, string(text))
			pages.Release(page)
		}
	}
}

// pieces reads in pieces that do not fit the chunks.
func pieces(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }

func TestClientsShareThePageThatIsBeingRendered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renders
		pages := New(r.render)
		defer pages.Close()
		var clients sync.WaitGroup
		for range 100 {
			clients.Go(func() {
				page, err := pages.Acquire(t.Context(), plain)
				assert.NoError(t, err)
				pages.Release(page)
			})
		}
		clients.Wait()
		assert.EqualValues(t, 1, r.count.Load())

		page, err := pages.Acquire(t.Context(), plain)
		require.NoError(t, err)
		pages.Release(page)
		assert.EqualValues(t, 2, r.count.Load(), "a finished page is not used again")
	})
}

func TestPagesAreRenderedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renders
		pages := New(r.render)
		defer pages.Close()
		var clients sync.WaitGroup
		for _, key := range []Key{plain, {Gzip: true}, {Format: render.Format{OpenMetrics: true}}} {
			clients.Go(func() {
				page, err := pages.Acquire(t.Context(), key)
				assert.NoError(t, err)
				pages.Release(page)
			})
		}
		clients.Wait()
		assert.EqualValues(t, 3, r.count.Load())
		assert.Zero(t, r.concurrent.Load())
	})
}

// When slow clients hold all pages, those that read for the longest time are disconnected,
// and not before they had time to read.
func TestSlowClientsAreDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renders
		pages := New(r.render)
		defer pages.Close()
		var slow []*Page
		for range maxPages {
			page, err := pages.Acquire(t.Context(), plain)
			require.NoError(t, err)
			slow = append(slow, page)
			context.AfterFunc(page.Context, func() { pages.Release(page) })
		}
		begin := time.Now()
		page, err := pages.Acquire(t.Context(), plain)
		require.NoError(t, err)
		waited := time.Since(begin)
		assert.GreaterOrEqual(t, waited, time.Second)
		assert.LessOrEqual(t, waited, patience+time.Second)
		require.Error(t, slow[0].Context.Err())
		for _, other := range slow[1:] {
			require.NoError(t, other.Context.Err())
		}
		pages.Release(page)

		// No client waits now, so none is disconnected.
		time.Sleep(10 * patience)
		for _, other := range slow[1:] {
			require.NoError(t, other.Context.Err())
		}
	})
}

// A client that hangs up before its page is complete leaves nothing behind.
func TestClientThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renders
		pages := New(r.render)
		defer pages.Close()
		for range 3 * maxPages {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err := pages.Acquire(ctx, plain)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
			time.Sleep(2 * time.Second)
			pages.mu.Lock()
			assert.Empty(t, pages.live)
			assert.Empty(t, pages.pending)
			assert.Empty(t, pages.slots)
			pages.mu.Unlock()
		}
	})
}

func TestFailureIsReported(t *testing.T) {
	failure := errors.New("failed")
	pages := New(func(io.Writer, render.Format) error { return failure })
	defer pages.Close()
	for _, key := range []Key{plain, {Gzip: true}} {
		for range 2 * maxPages {
			_, err := pages.Acquire(t.Context(), key)
			require.ErrorIs(t, err, failure)
		}
	}
}

func TestCloseEndsClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r renders
		pages := New(r.render)
		page, err := pages.Acquire(t.Context(), plain)
		require.NoError(t, err)
		pages.Close()
		require.Error(t, page.Context.Err())
		pages.Release(page)
		_, err = pages.Acquire(t.Context(), plain)
		require.ErrorIs(t, err, ErrClosed)
	})
}
