package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLook(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	for path, want := range map[string]fs.FileMode{
		file: 0, dir: fs.ModeDir, link: fs.ModeSymlink, socket: fs.ModeSocket, os.DevNull: fs.ModeIrregular,
	} {
		kind, id, err := Look(path)
		if err != nil || kind != want || id.Inode == 0 {
			t.Errorf("%s: %v, %+v, %v; want %v", path, kind, id, err, want)
		}
	}
	if _, id, _ := Look(file); id.Size != 3 {
		t.Errorf("size %d, want 3", id.Size)
	}
	if _, _, err := Look(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Look() of a missing file: %v, want fs.ErrNotExist", err)
	}
}

func TestDirectory(t *testing.T) {
	base := t.TempDir()
	real, link, file := filepath.Join(base, "real"), filepath.Join(base, "link"), filepath.Join(base, "file")
	require.NoError(t, os.Mkdir(real, 0o755))
	require.NoError(t, os.Symlink(real, link))
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	direct, err := Directory(real)
	require.NoError(t, err)
	linked, err := Directory(link)
	require.NoError(t, err)
	assert.Equal(t, direct.Inode, linked.Inode)
	assert.Equal(t, direct.Device, linked.Device)
	other, err := Directory(base)
	require.NoError(t, err)
	assert.NotEqual(t, direct.Inode, other.Inode)

	_, err = Directory(file)
	require.Error(t, err)
	_, err = Directory(filepath.Join(base, "nothing"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
