package host

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// startSleep starts a process that runs longer than the test, and kills it when
// the test ends.
func startSleep(t *testing.T) *exec.Cmd {
	t.Helper()
	command := exec.Command("sleep", "600")
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command
}

func newExits(t *testing.T, limit int) *Exits {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	exits, err := NewExits(limit)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, exits.Close())
		goleak.VerifyNone(t, leaks)
	})
	return exits
}

func receiveExit(t *testing.T, exits *Exits) int {
	t.Helper()
	return receive(t, exits).PID
}

func receive(t *testing.T, exits *Exits) Exit {
	t.Helper()
	select {
	case exit := <-exits.Exited():
		return exit
	case <-time.After(30 * time.Second):
		require.Fail(t, "no exit was reported in time")
		return Exit{}
	}
}

func TestExits(t *testing.T) {
	exits := newExits(t, 10)
	first, second, forgotten := startSleep(t), startSleep(t), startSleep(t)
	for _, command := range []*exec.Cmd{first, second, forgotten, first} {
		require.NoError(t, exits.Watch(command.Process.Pid))
	}
	exits.Forget(forgotten.Process.Pid)
	exits.Forget(1 << 30)

	require.NoError(t, forgotten.Process.Kill())
	require.NoError(t, second.Process.Kill())
	// The process counts as ended although its parent has not waited for it yet.
	assert.Equal(t, second.Process.Pid, receiveExit(t, exits))
	require.NoError(t, first.Process.Kill())
	assert.Equal(t, first.Process.Pid, receiveExit(t, exits))

	// A zombie counts as ended, too.
	require.NoError(t, exits.Watch(first.Process.Pid))
	assert.Equal(t, first.Process.Pid, receiveExit(t, exits))

	_ = first.Wait()
	assert.ErrorIs(t, exits.Watch(first.Process.Pid), ErrNoProcess)
}

func TestExitsLimit(t *testing.T) {
	exits := newExits(t, 1)
	first, second := startSleep(t), startSleep(t)
	require.NoError(t, exits.Watch(first.Process.Pid))
	require.ErrorIs(t, exits.Watch(second.Process.Pid), ErrTooMany)
	exits.Forget(first.Process.Pid)
	assert.NoError(t, exits.Watch(second.Process.Pid))
}

// TestExitsClose calls Close while one exit has not been received yet and another
// process is still watched.
func TestExitsClose(t *testing.T) {
	before := descriptors(t)
	exits, err := NewExits(10)
	require.NoError(t, err)
	ended, alive := startSleep(t), startSleep(t)
	require.NoError(t, exits.Watch(alive.Process.Pid))
	require.NoError(t, exits.Watch(ended.Process.Pid))
	require.NoError(t, ended.Process.Kill())
	require.NoError(t, exits.Close())
	require.ErrorIs(t, exits.Watch(alive.Process.Pid), os.ErrClosed)
	// Each exec.Cmd holds its own pidfd.
	assert.LessOrEqual(t, descriptors(t), before+2)
}
