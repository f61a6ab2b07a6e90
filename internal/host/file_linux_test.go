package host

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// planted creates one path of each type that an attacker could plant in place of
// a regular file.
func planted(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	paths := map[string]string{}
	for _, name := range []string{"link", "fifo", "socket", "directory"} {
		paths[name] = filepath.Join(dir, name)
	}
	target := filepath.Join(dir, "target")
	require.NoError(t, os.WriteFile(target, []byte("secret"), 0o600))
	require.NoError(t, os.Symlink(target, paths["link"]))
	require.NoError(t, unix.Mkfifo(paths["fifo"], 0o600))
	listener, err := net.Listen("unix", paths["socket"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	require.NoError(t, os.Mkdir(paths["directory"], 0o700))
	return paths
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	for name, path := range planted(t) {
		t.Run(name, func(t *testing.T) {
			_, _, err := OpenRegular(path)
			require.ErrorIs(t, err, ErrNotRegular)
			_, err = Stat(path)
			require.ErrorIs(t, err, ErrNotRegular)
			_, err = TryLock(path)
			require.ErrorIs(t, err, ErrNotRegular)
			_, _, err = ReadRegular(path, 100, nil)
			require.ErrorIs(t, err, ErrNotRegular)
			assert.ErrorContains(t, err, path)
		})
	}
	_, _, err := OpenRegular(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReadRegularLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("x"), 2000)
	require.NoError(t, os.WriteFile(path, content, 0o600))

	got, id, err := ReadRegular(path, 2000, nil)
	require.NoError(t, err)
	assert.Equal(t, content, got)
	assert.EqualValues(t, 2000, id.Size)

	_, _, err = ReadRegular(path, 1999, nil)
	require.ErrorIs(t, err, ErrTooLarge)

	buffer := make([]byte, 0, 8192)
	got, _, err = ReadRegular(path, 2000, buffer)
	require.NoError(t, err)
	assert.Equal(t, &buffer[:1][0], &got[0], "the buffer of the caller is used")

	require.NoError(t, os.WriteFile(path, nil, 0o600))
	got, _, err = ReadRegular(path, 2000, nil)
	require.NoError(t, err)
	assert.Empty(t, got)
}

// TestReadRegularLimitOfUnknownSize reads a file of /proc, whose reported size is 0.
func TestReadRegularLimitOfUnknownSize(t *testing.T) {
	got, id, err := ReadRegular("/proc/self/status", 64<<10, nil)
	require.NoError(t, err)
	assert.Zero(t, id.Size)
	require.Greater(t, len(got), 600)
	_, _, err = ReadRegular("/proc/self/status", 600, nil)
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestFileIDChangesWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("one"), 0o600))
	first, err := Stat(path)
	require.NoError(t, err)
	again, err := Stat(path)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	require.NoError(t, os.WriteFile(path, []byte("longer"), 0o600))
	changed, err := Stat(path)
	require.NoError(t, err)
	assert.NotEqual(t, first, changed)
	assert.Equal(t, first.Inode, changed.Inode)

	other := path + ".new"
	require.NoError(t, os.WriteFile(other, []byte("longer"), 0o600))
	require.NoError(t, os.Rename(other, path))
	replaced, err := Stat(path)
	require.NoError(t, err)
	assert.NotEqual(t, changed.Inode, replaced.Inode)
}

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	require.NoError(t, os.WriteFile(path, nil, 0o600))

	first, err := TryLock(path)
	require.NoError(t, err)
	second, err := TryLock(path)
	require.NoError(t, err, "readers share the lock")
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())

	writer, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, unix.Flock(int(writer.Fd()), unix.LOCK_EX))
	_, err = TryLock(path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, writer.Close())

	third, err := TryLock(path)
	require.NoError(t, err, "the writer has released the lock")
	require.NoError(t, third.Close())
}

func TestOpenFileLimit(t *testing.T) {
	limit, err := OpenFileLimit()
	require.NoError(t, err)
	assert.Positive(t, limit)
}
