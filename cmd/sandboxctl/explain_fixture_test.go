package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// explainedHost is a host with simulated sandboxes, and with whatever a test adds.
type explainedHost struct {
	*testing.T
	*fleet.Fleet
	// roots are the runtime roots and storagePaths the storage paths that are explained.
	roots, storagePaths []string
	// options are further options of the receiver, in YAML.
	options string
}

func newExplainedHost(t *testing.T) *explainedHost {
	t.Helper()
	directory, err := os.MkdirTemp("", "e") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	f, err := fleet.New(directory, fleet.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return &explainedHost{T: t, Fleet: f, roots: []string{f.RuntimeRoot()}, storagePaths: f.StoragePaths()}
}

// args returns the command line that explains the host.
func (h *explainedHost) args(further ...string) []string {
	h.Helper()
	config := filepath.Join(h.TempDir(), "config.yaml")
	content := "receivers:\n  sandbox:\n    timeout: 5s\n" + h.options
	require.NoError(h, os.WriteFile(config, []byte(content), 0o600))
	return append([]string{
		"explain", "--config=" + config, "--gvisor-roots=" + strings.Join(h.roots, ","),
		"--kata-storage-paths=" + strings.Join(h.storagePaths, ","),
	}, further...)
}

// run explains the host.
func (h *explainedHost) run(further ...string) (code int, stdout, stderr string) {
	h.Helper()
	var out, err bytes.Buffer
	code = run(h.Context(), h.args(further...), &out, &err)
	return code, out.String(), err.String()
}

// state returns the path of the state file of a sandbox.
func (h *explainedHost) state(id string) string {
	return filepath.Join(h.RuntimeRoot(), id+"_sandbox:"+id+".state")
}

func (h *explainedHost) write(path, content string) {
	h.Helper()
	require.NoError(h, os.WriteFile(path, []byte(content), 0o600))
}

// age makes a file old enough to be settled and to be left over.
func (h *explainedHost) age(path string) {
	h.Helper()
	old := time.Now().Add(-time.Hour)
	require.NoError(h, os.Chtimes(path, old, old))
}

func (h *explainedHost) addGVisor(options gvisor.Options) {
	h.Helper()
	_, err := h.AddGVisor(options)
	require.NoError(h, err)
}

func (h *explainedHost) addKata(options kata.Options) {
	h.Helper()
	_, err := h.AddKata(options)
	require.NoError(h, err)
}

// entry returns the path of an entry of the storage path of the Go runtime.
func (h *explainedHost) entry(names ...string) string {
	return filepath.Join(append([]string{h.storagePaths[0]}, names...)...)
}

func (h *explainedHost) makeDirectory(path string) {
	h.Helper()
	require.NoError(h, os.MkdirAll(path, 0o755))
}

// lock takes the lock of a state file, as runsc does while it writes the file.
func (h *explainedHost) lock(id string) {
	h.Helper()
	file, err := os.Create(strings.TrimSuffix(h.state(id), ".state") + ".lock")
	require.NoError(h, err)
	h.Cleanup(func() { _ = file.Close() })
	require.NoError(h, syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
}

// makeMany creates many directories in a directory.
func (h *explainedHost) makeMany(directory string, count int) {
	h.Helper()
	h.makeDirectory(directory)
	for i := range count {
		require.NoError(h, os.Mkdir(filepath.Join(directory, fmt.Sprintf("%05d", i)), 0o755))
	}
}
