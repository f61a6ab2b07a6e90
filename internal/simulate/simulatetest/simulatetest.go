// Package simulatetest holds what the tests of simulated sandboxes share:
// temporary directories for sockets, and connections with deadlines.
package simulatetest

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Timeout limits what should happen at once. The tests do not assert how long
// anything takes.
const Timeout = time.Minute

// ShortTempDir creates a temporary directory with a path that is short enough
// for sockets, and removes it when the test ends.
func ShortTempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "simulate") //nolint:usetesting // socket paths have to be short
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, os.RemoveAll(dir)) })
	return dir
}

// Dial connects to a socket. The connection has a deadline and is closed when
// the test ends.
func Dial(tb testing.TB, path string) *net.UnixConn {
	tb.Helper()
	conn, err := host.DialUnix(tb.Context(), path)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	require.NoError(tb, conn.SetDeadline(time.Now().Add(Timeout)))
	return conn
}

// ReadBytes reads exactly n bytes.
func ReadBytes(tb testing.TB, conn *net.UnixConn, n int) []byte {
	tb.Helper()
	data := make([]byte, n)
	_, err := io.ReadFull(conn, data)
	require.NoError(tb, err)
	return data
}

// ReadUntilSilence reads until nothing has arrived for 200 ms. It fails the test
// if the other end closes the connection.
func ReadUntilSilence(tb testing.TB, conn *net.UnixConn) []byte {
	tb.Helper()
	var data []byte
	buffer := make([]byte, 64<<10)
	for {
		require.NoError(tb, conn.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
		n, err := conn.Read(buffer)
		data = append(data, buffer[:n]...)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return data
		}
		require.NoError(tb, err, "the connection must stay open")
	}
}
