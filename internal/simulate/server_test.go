package simulate

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server whose connections are handled by one function.
func serve(t *testing.T, handle func(*Exchange)) (*Server, string) {
	t.Helper()
	path := filepath.Join(simulatetest.ShortTempDir(t), "socket")
	listener, err := Listen(path)
	require.NoError(t, err)
	var server *Server
	server = NewServer(listener, func(conn *net.UnixConn) { handle(&Exchange{Conn: conn, Server: server}) })
	server.Start()
	t.Cleanup(server.Close)
	return server, path
}

func TestServerClosesConnections(t *testing.T) {
	server, path := serve(t, func(e *Exchange) {
		e.Send([]byte("x"))
		e.Hold()
	})
	conn := simulatetest.Dial(t, path)
	_, err := conn.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.Equal(t, 1, server.Connections())
	server.Close()
	server.Close()
	assert.Zero(t, server.Connections())
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = os.Stat(path)
	assert.NoError(t, err, "the socket file remains")
}

func TestServerInterruptsPauses(t *testing.T) {
	paused := make(chan bool, 1)
	server, path := serve(t, func(e *Exchange) {
		e.Send([]byte("x"))
		paused <- e.Server.Pause(time.Hour)
	})
	_, err := simulatetest.Dial(t, path).Read(make([]byte, 1))
	require.NoError(t, err)
	server.Close()
	assert.False(t, <-paused)
}

func TestNilServer(t *testing.T) {
	var server *Server
	server.Close()
	assert.Zero(t, server.Connections())
}

func TestRepeatAndTrickle(t *testing.T) {
	results := make(chan bool, 3)
	_, path := serve(t, func(e *Exchange) {
		results <- e.Repeat([]byte("ab"), 3)
		results <- e.Trickle([]byte("cd"))
		results <- e.Repeat([]byte("e"), -1)
	})
	conn := simulatetest.Dial(t, path)
	assert.Contains(t, string(simulatetest.ReadBytes(t, conn, 20)), "abababcdeeee")
	assert.True(t, <-results)
	assert.True(t, <-results)
	require.NoError(t, conn.Close())
	assert.False(t, <-results, "an endless response ends with the connection")
}
