package gvisor

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
)

// Methods that a sandbox receives.
const (
	methodExport            = "Metrics.Export"
	methodRegisteredMetrics = "Metrics.GetRegisteredMetrics"
	methodSavings           = "containerManager.GetSavings"
)

const (
	// emptySnapshot is a response to methodExport. NOW stands for the current time.
	emptySnapshot    = `{"success":true,"err":"","result":{"snapshot":{"when":"NOW","data":[]}}}`
	someRegistration = `{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","description":"d","cumulative":true}]}`
)

// fakeSandbox sends the same response to all calls of a method. It disconnects
// without a response if the response is empty.
type fakeSandbox struct {
	record    *discovery.Sandbox
	responses map[string]string
	serving   sync.WaitGroup

	mu    sync.Mutex
	calls []string
	conns []net.Conn
}

// newFakeSandbox returns a sandbox that has a socket and an empty state file until
// the test ends.
func newFakeSandbox(t *testing.T, responses map[string]string) *fakeSandbox {
	t.Helper()
	root := t.TempDir()
	f := &fakeSandbox{
		record: &discovery.Sandbox{
			Key:      discovery.Key{Root: root, ID: "web"},
			Status:   "running",
			PID:      os.Getpid(),
			Socket:   filepath.Join(root, "runsc-web.sock"),
			Metadata: &discovery.Metadata{},
		},
		responses: responses,
	}
	require.NoError(t, os.WriteFile(f.record.StateFile(), nil, 0o640))
	listener, err := net.Listen("unix", f.record.Socket)
	require.NoError(t, err)
	f.serving.Go(func() { f.accept(listener) })
	t.Cleanup(func() {
		listener.Close()
		f.mu.Lock()
		for _, conn := range f.conns {
			conn.Close()
		}
		f.mu.Unlock()
		f.serving.Wait()
	})
	return f
}

// accept serves connections until the listener is closed.
func (f *fakeSandbox) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns = append(f.conns, conn)
		f.mu.Unlock()
		f.serving.Go(func() { f.serve(conn) })
	}
}

func (f *fakeSandbox) serve(conn net.Conn) {
	defer conn.Close()
	for decoder := json.NewDecoder(conn); ; {
		var request struct{ Method string }
		if decoder.Decode(&request) != nil {
			return
		}
		f.mu.Lock()
		f.calls = append(f.calls, request.Method)
		f.mu.Unlock()
		response := f.responses[request.Method]
		if response == "" {
			return
		}
		when := time.Now().Add(-time.Second).Format(time.RFC3339Nano)
		_, _ = conn.Write([]byte(strings.ReplaceAll(response, "NOW", when)))
	}
}

// received returns the methods of all calls so far.
func (f *fakeSandbox) received() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// register sets the registration of a record.
func register(t *testing.T, runtime *Runtime, record *discovery.Sandbox) {
	t.Helper()
	var err error
	record.Registration, err = runtime.registrations.Get([]byte(someRegistration))
	require.NoError(t, err)
}

// newTestSandbox returns a sandbox that was not discovered. It is closed when the
// test ends.
func newTestSandbox(t *testing.T, runtime *Runtime, record *discovery.Sandbox) *Sandbox {
	t.Helper()
	s := runtime.newSandbox(record)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}
