package host

import (
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
			assert.LessOrEqual(t, descriptors(t), before+1, "a descriptor of the directory was left open")
		})
	}
}

func TestConnectUnixFailures(t *testing.T) {
	directory := t.TempDir()
	deserted := filepath.Join(directory, "deserted")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: deserted, Net: "unix"})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	require.NoError(t, listener.Close())
	file := filepath.Join(directory, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	before := descriptors(t)
	for path, want := range map[string]error{
		deserted:                         syscall.ECONNREFUSED,
		file:                             syscall.ECONNREFUSED,
		filepath.Join(directory, "gone"): fs.ErrNotExist,
		"/" + strings.Repeat("d/", 100):  fs.ErrNotExist,
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

func TestConnectUnixObeysDeadlines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer listener.Close()
	socket, _, err := ConnectUnix(path)
	require.NoError(t, err)
	defer socket.Close()
	done := make(chan error, 1)
	go func() {
		_, err := socket.Read(make([]byte, 1))
		done <- err
	}()
	require.NoError(t, socket.SetDeadline(time.Unix(1, 0)))
	assert.ErrorIs(t, <-done, os.ErrDeadlineExceeded)
}
