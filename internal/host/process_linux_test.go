package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProcessStart(t *testing.T) {
	processes := Processes{Root: "/proc"}
	own, err := processes.ProcessStart(os.Getpid())
	require.NoError(t, err)
	again, err := processes.ProcessStart(os.Getpid())
	require.NoError(t, err)
	assert.Equal(t, own, again)
	started, err := processes.StartTime(own)
	require.NoError(t, err)
	assert.False(t, started.After(time.Now()))

	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	ticks, err := processes.ProcessStart(child.Process.Pid)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, ticks, own)
	require.NoError(t, child.Process.Kill())
	// Until Wait is called it is a zombie, which still has files in /proc.
	require.Eventually(t, func() bool {
		_, err = processes.ProcessStart(child.Process.Pid)
		return err != nil
	}, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, err, ErrNoProcess)
	require.Error(t, child.Wait())
	_, err = processes.ProcessStart(child.Process.Pid)
	require.ErrorIs(t, err, ErrNoProcess)
}

func TestMalformedStatFiles(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "7"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "7", "stat"), []byte("7 (x"), 0o600))
	_, err := Processes{Root: root}.ProcessStart(7)
	require.ErrorContains(t, err, "7/stat")
	require.NoError(t, os.WriteFile(filepath.Join(root, "stat"), []byte("cpu 1\nbtime soon\n"), 0o600))
	_, err = Processes{Root: root}.StartTime(1)
	require.ErrorContains(t, err, "btime")
	require.NoError(t, os.WriteFile(filepath.Join(root, "stat"), []byte("cpu 1\n"), 0o600))
	_, err = Processes{Root: root}.StartTime(1)
	require.ErrorContains(t, err, "btime")
}
