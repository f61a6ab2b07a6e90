package host

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func newReadWatcher(t *testing.T, limit int) *ReadWatcher {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	w, err := NewReadWatcher(limit)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, w.Close())
		goleak.VerifyNone(t, leaks)
	})
	return w
}

// newPipe returns the two ends of a pipe. The test closes the end for writing.
func newPipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = write.Close() })
	return read, write
}

// watchPipe watches a pipe and returns the end for writing and a channel that
// receives a value when it becomes readable.
func watchPipe(t *testing.T, w *ReadWatcher) (watched *WatchedFile, write *os.File, readable chan struct{}) {
	t.Helper()
	read, write := newPipe(t)
	readable = make(chan struct{}, 10)
	watched, err := w.Watch(read, func() { readable <- struct{}{} })
	require.NoError(t, err)
	return watched, write, readable
}

func awaitReadable(t *testing.T, readable chan struct{}) {
	t.Helper()
	select {
	case <-readable:
	case <-time.After(30 * time.Second):
		require.Fail(t, "the file was not reported in time")
	}
}

func TestReadWatcher(t *testing.T) {
	w := newReadWatcher(t, 10)
	first, firstWrite, firstReadable := watchPipe(t, w)
	_, secondWrite, secondReadable := watchPipe(t, w)
	_, thirdWrite, thirdReadable := watchPipe(t, w)

	_, err := firstWrite.WriteString("late")
	require.NoError(t, err)
	awaitReadable(t, firstReadable)
	assert.Empty(t, secondReadable)
	// It is closed already, so that this does nothing.
	w.Forget(first)
	_, err = firstWrite.WriteString("more")
	assert.Error(t, err, "the file is closed")

	require.NoError(t, secondWrite.Close(), "the end of the stream counts, too")
	awaitReadable(t, secondReadable)
	require.NoError(t, thirdWrite.Close())
	awaitReadable(t, thirdReadable)
	assert.Empty(t, firstReadable, "each file is reported once")
}

func TestReadWatcherForget(t *testing.T) {
	w := newReadWatcher(t, 1)
	forgotten, write, readable := watchPipe(t, w)
	read, _ := newPipe(t)
	_, err := w.Watch(read, func() {})
	require.ErrorIs(t, err, ErrTooMany)
	assert.ErrorIs(t, read.Close(), os.ErrClosed, "a file that is not watched is closed")

	w.Forget(forgotten)
	_, err = write.WriteString("late")
	require.Error(t, err, "the file is closed")
	// The new file may have the descriptor of the old one.
	_, secondWrite, secondReadable := watchPipe(t, w)
	w.Forget(forgotten)
	_, err = secondWrite.WriteString("late")
	require.NoError(t, err)
	awaitReadable(t, secondReadable)
	assert.Empty(t, readable)
}

func TestReadWatcherClose(t *testing.T) {
	before := descriptors(t)
	w, err := NewReadWatcher(10)
	require.NoError(t, err)
	_, write, readable := watchPipe(t, w)
	require.NoError(t, w.Close())
	_, err = write.WriteString("late")
	require.Error(t, err, "the file is closed")
	assert.Empty(t, readable)
	read, otherWrite := newPipe(t)
	_, err = w.Watch(read, func() {})
	require.ErrorIs(t, err, os.ErrClosed)
	_, _ = write.Close(), otherWrite.Close()
	assert.LessOrEqual(t, descriptors(t), before)
}
