package host

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// socketPair connects two ends of a Unix socket.
func socketPair(t *testing.T) (here, there *net.UnixConn) {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	require.NoError(t, err)
	defer listener.Close()
	here, err = DialUnix(t.Context(), listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { here.Close() })
	there, err = listener.AcceptUnix()
	require.NoError(t, err)
	t.Cleanup(func() { there.Close() })
	return here, there
}

func TestAwaitReadable(t *testing.T) {
	t.Run("bytes that are there", func(t *testing.T) {
		here, there := socketPair(t)
		_, err := there.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, AwaitReadable(here))
		assertReads(t, here, "x")
	})
	t.Run("bytes that come", func(t *testing.T) {
		here, there := socketPair(t)
		done := make(chan error, 1)
		go func() { done <- AwaitReadable(here) }()
		_, err := there.Write([]byte("y"))
		require.NoError(t, err)
		require.NoError(t, <-done)
		assertReads(t, here, "y")
	})
	t.Run("twice", func(t *testing.T) {
		here, there := socketPair(t)
		for range 2 {
			done := make(chan error, 1)
			go func() { done <- AwaitReadable(here) }()
			_, err := there.Write([]byte("z"))
			require.NoError(t, err)
			require.NoError(t, <-done)
			assertReads(t, here, "z")
		}
	})
	t.Run("closed there", func(t *testing.T) {
		here, there := socketPair(t)
		there.Close()
		require.NoError(t, AwaitReadable(here), "the end is something to read")
	})
	t.Run("closed here", func(t *testing.T) {
		here, _ := socketPair(t)
		done := make(chan error, 1)
		go func() { done <- AwaitReadable(here) }()
		here.Close()
		assert.ErrorIs(t, <-done, net.ErrClosed)
	})
	t.Run("deadline", func(t *testing.T) {
		here, _ := socketPair(t)
		require.NoError(t, here.SetDeadline(time.Unix(1, 0)))
		assert.ErrorIs(t, AwaitReadable(here), os.ErrDeadlineExceeded)
	})
	t.Run("deadline while waiting", func(t *testing.T) {
		here, _ := socketPair(t)
		done := make(chan error, 1)
		go func() { done <- AwaitReadable(here) }()
		require.NoError(t, here.SetDeadline(time.Unix(1, 0)))
		assert.ErrorIs(t, <-done, os.ErrDeadlineExceeded)
	})
}

func assertReads(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	buffer := make([]byte, 16)
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	assert.Equal(t, want, string(buffer[:n]))
}

func TestLookAtIdle(t *testing.T) {
	here, there := socketPair(t)
	assertIdle := func(want Idle) {
		t.Helper()
		got, err := LookAtIdle(here)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assertIdle(Quiet)
	_, err := there.Write([]byte("x"))
	require.NoError(t, err)
	assertIdle(Unsolicited)
	assertReads(t, here, "x")
	assertIdle(Quiet)
	there.Close()
	assertIdle(Closed)
	here.Close()
	_, err = LookAtIdle(here)
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestOpenFileLimit(t *testing.T) {
	limit, err := OpenFileLimit()
	require.NoError(t, err)
	assert.Positive(t, limit)
}

func TestDirectory(t *testing.T) {
	base := t.TempDir()
	real, link, file := filepath.Join(base, "real"), filepath.Join(base, "link"), filepath.Join(base, "file")
	require.NoError(t, os.Mkdir(real, 0o755))
	require.NoError(t, os.Symlink(real, link))
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	direct, err := Directory(real)
	require.NoError(t, err)
	linked, err := Directory(link)
	require.NoError(t, err)
	assert.Equal(t, direct.Inode, linked.Inode)
	assert.Equal(t, direct.Device, linked.Device)
	other, err := Directory(base)
	require.NoError(t, err)
	assert.NotEqual(t, direct.Inode, other.Inode)

	_, err = Directory(file)
	assert.Error(t, err)
	_, err = Directory(filepath.Join(base, "nothing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
