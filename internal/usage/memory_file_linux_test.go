package usage

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const testMemory = 128 << 20

// createMemoryFile creates a file of testMemory bytes with memfd_create(2), which this
// process does not map.
func createMemoryFile(t *testing.T, name string) {
	t.Helper()
	number, known := map[string]uintptr{"amd64": 319, "arm64": 279}[runtime.GOARCH]
	if !known {
		t.Skip("the number of memfd_create is not known for", runtime.GOARCH)
	}
	text, err := syscall.BytePtrFromString(name)
	require.NoError(t, err)
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(text)), 0, 0) //nolint:gosec // memfd_create needs a pointer
	require.Zero(t, errno)
	file := os.NewFile(fd, name)
	t.Cleanup(func() { assert.NoError(t, file.Close()) })
	require.NoError(t, syscall.Fallocate(int(fd), 0, 0, testMemory)) //nolint:gosec // a file descriptor
}

// TestMemoryFile checks that memory counts that no process has mapped.
func TestMemoryFile(t *testing.T) {
	createMemoryFile(t, "test-memory")
	h := NewHost(host.Cgroups{Root: t.TempDir()}, host.Processes{Root: "/proc"})
	for name, test := range map[string]struct {
		file    string
		counted bool
	}{
		"with the file": {"test-memory", true},
		"no file":       {"", false},
		"other file":    {"other", false},
	} {
		t.Run(name, func(t *testing.T) {
			meter := NewMeter(h, Sandbox{PID: os.Getpid(), MemoryFile: test.file})
			defer meter.Close()
			var footprint Footprint
			require.NoError(t, meter.Read(host.FigureMemory, &footprint))
			assert.Equal(t, test.counted, footprint.Memory > testMemory)
			assert.Positive(t, footprint.Memory)
		})
	}
}

// TestUnreadableMemoryFile checks that the memory is then estimated.
func TestUnreadableMemoryFile(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5, pages: 7, size: 70})
	directory := filepath.Join(m.proc, "10", "fd")
	require.NoError(t, os.Mkdir(directory, 0o755))
	require.NoError(t, os.Symlink("/memfd:test-memory (deleted)", filepath.Join(directory, "9")))
	footprint := m.read(m.meter(Sandbox{PID: 10, Start: 5, MemoryFile: "test-memory"}))
	assert.Equal(t, uint64(7*os.Getpagesize()), footprint.Memory) //nolint:gosec // not negative
}
