package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAllocatedSize checks that holes of a file do not count, and that links are not
// followed.
func TestAllocatedSize(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "filestore")
	require.NoError(t, os.WriteFile(path, make([]byte, 64<<10), 0o600))
	require.NoError(t, os.Truncate(path, 1<<30))
	size, err := AllocatedSize(path)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, size, uint64(64<<10))
	assert.Less(t, size, uint64(1<<20))

	link := filepath.Join(directory, "link")
	require.NoError(t, os.Symlink(path, link))
	_, err = AllocatedSize(link)
	assert.ErrorIs(t, err, ErrNotRegular)
	_, err = AllocatedSize(filepath.Join(directory, "absent"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestCgroupListsProcess(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "cgroup.controllers"), []byte("cpu\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(root, "web"), 0o755))
	reader, err := Cgroups{Root: root}.Layout().Reader("/web")
	require.NoError(t, err)
	_, err = reader.Lists(42)
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(root, "web", "cgroup.procs"), []byte("4\n42\n421\n"), 0o600))
	for pid, want := range map[int]bool{4: true, 42: true, 421: true, 2: false, 21: false} {
		got, err := reader.Lists(pid)
		require.NoError(t, err)
		assert.Equal(t, want, got, pid)
	}
}
