package host

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copyExecutable copies a program to a new file.
func copyExecutable(t *testing.T, program, path string) {
	t.Helper()
	from, err := os.Open(program)
	require.NoError(t, err)
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
}

// startCopy starts a copy of cat, which runs until the test ends.
func startCopy(t *testing.T) (pid int, path string) {
	t.Helper()
	program, err := exec.LookPath("cat")
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "shim")
	copyExecutable(t, program, path)
	command := exec.Command(path)
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	return command.Process.Pid, path
}

func TestRunsInstalledFile(t *testing.T) {
	processes := Processes{Root: "/proc"}
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		want   bool
	}{
		"unchanged": {func(*testing.T, string) {}, true},
		"deleted":   {func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, false},
		"replaced": {func(t *testing.T, path string) {
			copyExecutable(t, path, path+".new")
			require.NoError(t, os.Rename(path+".new", path))
		}, false},
		// The path of the process changes with the name of its file.
		"renamed": {func(t *testing.T, path string) { require.NoError(t, os.Rename(path, path+".old")) }, true},
		"link to another file": {func(t *testing.T, path string) {
			copyExecutable(t, path, path+".new")
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink(path+".new", path))
		}, false},
		"a file with the name of the deleted one": {func(t *testing.T, path string) {
			copyExecutable(t, path, path+" (deleted)")
			require.NoError(t, os.Remove(path))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			pid, path := startCopy(t)
			test.change(t, path)
			got, err := processes.RunsInstalledFile(pid)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := processes.RunsInstalledFile(1 << 30)
	assert.ErrorIs(t, err, ErrNoProcess)
}
