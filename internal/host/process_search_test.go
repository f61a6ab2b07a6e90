package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeProcess adds a process to a proc filesystem that consists of files.
func writeProcess(t *testing.T, root, pid, name, arguments string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(root, pid), 0o700))
	stat := fmt.Sprintf("%s (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 7 0 4711 0 0\n", pid, name)
	require.NoError(t, os.WriteFile(filepath.Join(root, pid, "stat"), []byte(stat), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, pid, "cmdline"), []byte(arguments), 0o600))
}

func TestNamed(t *testing.T) {
	root := t.TempDir()
	writeProcess(t, root, "17", "containerd-shim", "")
	writeProcess(t, root, "18", "containerd", "")
	writeProcess(t, root, "19", "containerd-shim", "")
	writeProcess(t, root, "self", "containerd-shim", "")
	writeProcess(t, root, "-1", "containerd-shim", "")
	require.NoError(t, os.Mkdir(filepath.Join(root, "20"), 0o700)) // has just exited
	pids, err := Processes{Root: root}.Named("containerd-shim")
	require.NoError(t, err)
	slices.Sort(pids)
	assert.Equal(t, []int{17, 19}, pids)
	_, err = Processes{Root: filepath.Join(root, "absent")}.Named("")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestArguments(t *testing.T) {
	root := t.TempDir()
	writeProcess(t, root, "17", "shim", "shim\x00-id\x00\x00web\x00")
	writeProcess(t, root, "18", "kthreadd", "")
	processes := Processes{Root: root}
	got, err := processes.Arguments(17)
	require.NoError(t, err)
	assert.Equal(t, []string{"shim", "-id", "", "web"}, got)
	got, err = processes.Arguments(18)
	require.NoError(t, err)
	assert.Empty(t, got)
	_, err = processes.Arguments(19)
	require.ErrorIs(t, err, ErrNoProcess)
}
