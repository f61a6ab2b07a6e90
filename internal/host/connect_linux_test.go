package host

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectUnix(t *testing.T) {
	for name, directory := range map[string]string{"short path": "d", "path of more than 107 bytes": strings.Repeat("d", 120)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), directory, "s.sock")
			listen(t, path)
			before := descriptors(t)
			socket, peer, err := ConnectUnix(path)
			require.NoError(t, err)
			assert.Equal(t, Peer{PID: os.Getpid(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}, peer)
			require.NoError(t, socket.Close())
			assert.LessOrEqual(t, descriptors(t), before+1, "the descriptor of the directory must be closed")
		})
	}
}

func TestConnectUnixFailures(t *testing.T) {
	directory := t.TempDir()
	abandoned := filepath.Join(directory, "abandoned")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: abandoned, Net: "unix"})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	require.NoError(t, listener.Close())
	file := filepath.Join(directory, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	before := descriptors(t)
	for path, want := range map[string]error{
		abandoned:                           syscall.ECONNREFUSED,
		file:                                syscall.ECONNREFUSED,
		filepath.Join(directory, "missing"): fs.ErrNotExist,
		"/" + strings.Repeat("d/", 100):     fs.ErrNotExist,
		directory + "/" + strings.Repeat("d", 250): nil,
	} {
		_, _, err := ConnectUnix(path)
		require.Error(t, err, path)
		if want != nil {
			require.ErrorIs(t, err, want, path)
		}
	}
	assert.Equal(t, before, descriptors(t))
}

// connected returns a connected socket and its listener, which has not accepted
// the connection yet.
func connected(t *testing.T) (net.Listener, Socket) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	socket, _, err := ConnectUnix(path)
	require.NoError(t, err)
	return listener, socket
}

func TestSocketNeverBlocks(t *testing.T) {
	listener, socket := connected(t)
	defer func() { assert.NoError(t, socket.Close()) }()
	accepted, err := listener.Accept()
	require.NoError(t, err)
	buffer := make([]byte, 10)

	assert.False(t, socket.Readable())
	_, err = socket.Read(buffer)
	require.ErrorIs(t, err, ErrWouldBlock)

	_, err = accepted.Write([]byte("hello"))
	require.NoError(t, err)
	assert.True(t, socket.Readable())
	n, err := socket.Read(buffer)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buffer[:n]))
	_, err = socket.Read(buffer)
	require.ErrorIs(t, err, ErrWouldBlock)

	for err = nil; err == nil; {
		_, err = socket.Write(make([]byte, 1<<16)) // The peer does not read.
	}
	require.ErrorIs(t, err, ErrWouldBlock)

	require.NoError(t, accepted.Close())
	assert.True(t, socket.Readable(), "the end of the stream counts as readable")
	_, err = socket.Read(buffer)
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrWouldBlock)
	_, err = socket.Write(buffer)
	require.ErrorIs(t, err, syscall.EPIPE)
}

func TestSocketReadsEOF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listen(t, path) // It accepts and closes connections.
	socket, _, err := ConnectUnix(path)
	require.NoError(t, err)
	require.Eventually(t, socket.Readable, 10*time.Second, time.Millisecond)
	n, err := socket.Read(make([]byte, 10))
	assert.Zero(t, n)
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, socket.Close())
}

func TestSocketFileSupportsDeadlines(t *testing.T) {
	_, socket := connected(t)
	file := socket.File()
	defer file.Close()
	done := make(chan error, 1)
	go func() {
		_, err := file.Read(make([]byte, 1))
		done <- err
	}()
	require.NoError(t, file.SetDeadline(time.Unix(1, 0)))
	assert.ErrorIs(t, <-done, os.ErrDeadlineExceeded)
}
