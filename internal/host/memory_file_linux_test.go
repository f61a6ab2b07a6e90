package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMemoryFileSize(t *testing.T) {
	fd, err := unix.MemfdCreate("test-memory", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	file := os.NewFile(uintptr(fd), "memory")
	defer file.Close()
	require.NoError(t, file.Truncate(1<<30))
	_, err = file.WriteAt(make([]byte, 1<<20), 1<<29)
	require.NoError(t, err)
	processes := Processes{Root: "/proc"}
	size, err := processes.MemoryFileSize(os.Getpid(), "test-memory")
	require.NoError(t, err)
	assert.Equal(t, uint64(1<<20), size, "holes do not count")

	_, err = processes.MemoryFileSize(os.Getpid(), "test")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = processes.MemoryFileSize(1<<22-1, "test-memory")
	require.ErrorIs(t, err, ErrNoProcess)
}

// TestMemoryFileIsSearchedInFewDescriptors checks that a process with many file
// descriptors does not cost more than others.
func TestMemoryFileIsSearchedInFewDescriptors(t *testing.T) {
	root := t.TempDir()
	descriptors := filepath.Join(root, "10", "fd")
	require.NoError(t, os.MkdirAll(descriptors, 0o755))
	for i := range maxMemoryFileDescriptors + 1 {
		require.NoError(t, os.Symlink("/memfd:test-memory (deleted)", filepath.Join(descriptors, "x"+string(rune('a'+i)))))
	}
	// The links lead nowhere: the first one found ends the search with an error.
	_, err := Processes{Root: root}.MemoryFileSize(10, "test-memory")
	var pathError *fs.PathError
	require.ErrorAs(t, err, &pathError)
}
