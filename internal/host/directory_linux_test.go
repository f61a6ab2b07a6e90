package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpenFileLimit(t *testing.T) {
	limit, err := OpenFileLimit()
	require.NoError(t, err)
	assert.Positive(t, limit)
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
