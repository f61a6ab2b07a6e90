package host

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// startScript starts a shell that reads a line and then runs a script.
func startScript(t *testing.T, script string) (command *exec.Cmd, proceed func()) {
	t.Helper()
	command = exec.Command("sh", "-c", "read line; "+script)
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command, func() {
		_, err := input.Write([]byte("\n"))
		require.NoError(t, err)
	}
}

// The status of a process is known as long as its parent has not waited for it.
func TestExitStatusOfZombie(t *testing.T) {
	exits := newExits(t, 10)
	for script, want := range map[string]ExitStatus{
		"exit 0":        {Known: true},
		"exit 3":        {Known: true, Code: 3},
		"kill -KILL $$": {Known: true, Signal: 9},
		"kill -TERM $$": {Known: true, Signal: 15},
	} {
		command, proceed := startScript(t, script)
		require.NoError(t, exits.Watch(command.Process.Pid))
		_, ended := exits.Ended(command.Process.Pid)
		assert.False(t, ended, "the process still runs")
		proceed()
		assert.Equal(t, Exit{PID: command.Process.Pid, Status: want}, receive(t, exits), script)
		_, ended = exits.Ended(command.Process.Pid)
		assert.False(t, ended, "the process is no longer watched")
	}
}

// A pidfd keeps the status of a process for which its parent has waited.
func TestExitStatusAfterWait(t *testing.T) {
	command, proceed := startScript(t, "exit 3")
	fd, err := unix.PidfdOpen(command.Process.Pid, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	assert.False(t, hasEnded(fd))
	assert.Equal(t, ExitStatus{}, exitStatus(fd, command.Process.Pid), "the process still runs")
	proceed()
	_ = command.Wait()
	assert.True(t, hasEnded(fd))
	assert.Equal(t, ExitStatus{}, zombieStatus(command.Process.Pid))
	status := exitStatus(fd, command.Process.Pid)
	if !status.Known {
		t.Skip("the kernel keeps no status of processes that have ended: it is older than Linux 6.15")
	}
	assert.Equal(t, ExitStatus{Known: true, Code: 3}, status)
}

// Ended takes the place of a report that has not been received.
func TestEndedBeforeReport(t *testing.T) {
	exits := newExits(t, 10)
	first, proceed := startScript(t, "exit 4")
	// Nothing receives the report about the first process, so the second is not reported.
	require.NoError(t, exits.Watch(first.Process.Pid))
	proceed()
	require.Eventually(t, func() bool {
		exits.mu.Lock()
		defer exits.mu.Unlock()
		return len(exits.pidfds) == 0
	}, 30*time.Second, time.Millisecond)
	second, proceed := startScript(t, "exit 5")
	require.NoError(t, exits.Watch(second.Process.Pid))
	proceed()
	require.Eventually(t, func() bool {
		status, ended := exits.Ended(second.Process.Pid)
		return ended && status == ExitStatus{Known: true, Code: 5}
	}, 30*time.Second, time.Millisecond)
}
