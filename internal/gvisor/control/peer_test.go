package control

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// peer listens as a sandbox does. Each connection runs a script; the test ends
// only after all scripts have returned.
type peer struct {
	listener *net.UnixListener
	scripts  sync.WaitGroup

	mu    sync.Mutex
	conns []*net.UnixConn
}

// listen starts a peer. The n-th connection runs the n-th script, and further
// connections run the last one.
func listen(t *testing.T, path string, scripts ...func(*peerConn)) *peer {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	p := &peer{listener: listener}
	p.scripts.Go(func() {
		for i := 0; ; i++ {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns = append(p.conns, conn)
			p.mu.Unlock()
			script := scripts[min(i, len(scripts)-1)]
			p.scripts.Go(func() {
				defer func() { _ = conn.Close() }()
				script(&peerConn{t: t, conn: conn, decoder: json.NewDecoder(conn)})
			})
		}
	})
	t.Cleanup(p.stop)
	return p
}

func (p *peer) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.scripts.Wait()
}

func (p *peer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// peerConn is the peer's end of a connection.
type peerConn struct {
	t       *testing.T
	conn    *net.UnixConn
	decoder *json.Decoder
}

// receive waits for a request. It returns false when the connection is closed.
func (c *peerConn) receive() (r request, ok bool) {
	err := c.decoder.Decode(&r)
	return r, err == nil
}

type request struct {
	Method string
	Arg    json.RawMessage
}

func (c *peerConn) send(text string) {
	_, _ = c.conn.Write([]byte(text))
}

// hold waits until the other end closes the connection.
func (c *peerConn) hold() {
	_, _ = c.decoder.Token()
}

// respond sends the same response to every request.
func respond(response string) func(*peerConn) {
	return func(c *peerConn) {
		for {
			if _, ok := c.receive(); !ok {
				return
			}
			c.send(response)
		}
	}
}

func testTarget(directory string) Target {
	return Target{Root: directory, ID: "web", Socket: filepath.Join(directory, "runsc-web.sock"), PID: os.Getpid()}
}
