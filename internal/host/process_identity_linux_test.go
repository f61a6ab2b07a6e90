package host

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHasArgument(t *testing.T) {
	processes := Processes{Root: "/proc"}
	command := startSleep(t)
	// During execve(2), the command line is empty for a moment.
	require.Eventually(t, func() bool {
		started, err := processes.HasArgument(command.Process.Pid, "sleep")
		return err == nil && started
	}, 20*time.Second, time.Millisecond)
	for argument, want := range map[string]bool{"600": true, "60": false, "sleep 600": false} {
		got, err := processes.HasArgument(command.Process.Pid, argument)
		require.NoError(t, err)
		assert.Equal(t, want, got, argument)
	}
	_, err := processes.HasArgument(1<<30, "x")
	assert.ErrorIs(t, err, ErrNoProcess)
}

func TestLocal(t *testing.T) {
	assert.True(t, Processes{Root: "/proc"}.Local())

	foreign := t.TempDir()
	require.NoError(t, os.Symlink(strconv.Itoa(os.Getpid()+1), foreign+"/self"))
	assert.False(t, Processes{Root: foreign}.Local())
	assert.False(t, Processes{Root: t.TempDir()}.Local())
}

func TestHidden(t *testing.T) {
	pid := os.Getpid()
	root := t.TempDir()
	processes := Processes{Root: root}
	if processes.Hidden(pid) {
		t.Error("a process is hidden by a proc filesystem of another namespace")
	}
	if err := os.Symlink(strconv.Itoa(pid), filepath.Join(root, "self")); err != nil {
		t.Fatal(err)
	}
	if !processes.Hidden(pid) {
		t.Error("a process without a directory is not hidden")
	}
	for _, absent := range []int{0, -1, 1 << 22} {
		if processes.Hidden(absent) {
			t.Errorf("process %d, which does not exist, is hidden", absent)
		}
	}
	if err := os.Mkdir(filepath.Join(root, strconv.Itoa(pid)), 0o700); err != nil {
		t.Fatal(err)
	}
	if processes.Hidden(pid) {
		t.Error("a process with a directory is hidden")
	}
}
