package host

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// listen accepts and closes connections on a socket. To support a path longer
// than a socket address, it changes to the directory first.
func listen(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	t.Chdir(filepath.Dir(path))
	listener, err := net.Listen("unix", filepath.Base(path))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
}

func TestDialUnixSupportsPathsOfAnyLength(t *testing.T) {
	for name, directory := range map[string]string{
		"short path":                  "d",
		"path of more than 107 bytes": strings.Repeat("d", 120),
		"path of more than 500 bytes": strings.Repeat(strings.Repeat("d", 100)+"/", 5),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), directory, "s.sock")
			listen(t, path)
			before := descriptors(t)
			conn, err := DialUnix(t.Context(), path)
			require.NoError(t, err)
			peer, err := PeerOf(conn)
			require.NoError(t, err)
			assert.Equal(t, Peer{PID: os.Getpid(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}, peer)
			require.NoError(t, conn.Close())
			assert.LessOrEqual(t, descriptors(t), before+1, "the descriptor of the directory must be closed")
		})
	}
}

// descriptors returns how many file descriptors this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestDialUnixFailures(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "s.sock")
	_, err := DialUnix(t.Context(), missing)
	require.ErrorIs(t, err, fs.ErrNotExist)

	long := filepath.Join(t.TempDir(), strings.Repeat("d", 150), "s.sock")
	_, err = DialUnix(t.Context(), long)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, filepath.Dir(long))

	_, err = DialUnix(t.Context(), filepath.Join(t.TempDir(), strings.Repeat("s", 120)))
	require.ErrorContains(t, err, "too long")

	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, err = DialUnix(expired, missing)
	require.Error(t, err)

	dead := filepath.Join(t.TempDir(), "dead.sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: dead}))
	require.NoError(t, unix.Close(fd))
	_, err = DialUnix(t.Context(), dead)
	require.ErrorIs(t, err, unix.ECONNREFUSED)
}
