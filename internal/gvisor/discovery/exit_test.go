package discovery

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

var exitCode3 = host.ExitStatus{Known: true, Code: 3}

func TestExitStatusOfReport(t *testing.T) {
	s, observer, processes := newTestSet(t)
	processes.start(1, 100)
	s.put(key("a"), rootContainer("a", testTime, 1))
	s.handleExit(host.Exit{PID: 1, Status: exitCode3})
	assert.False(t, observer.present[key("a")].Exited, "the report concerns an earlier process")
	processes.end(1)
	s.handleExit(host.Exit{PID: 1, Status: exitCode3})
	assert.Equal(t, Exit{Status: exitCode3}, observer.present[key("a")].Exit)

	stopped := rootContainer("a", testTime, 0)
	stopped.sandbox.Status = statefile.Stopped
	s.put(key("a"), stopped)
	assert.Equal(t, Exit{Status: exitCode3}, observer.present[key("a")].Exit, "the file says less than the process")

	processes.start(2, 200)
	s.put(key("a"), rootContainer("a", testTime.Add(time.Second), 2))
	assert.Zero(t, observer.present[key("a")].Exit, "another instance has not ended")
}

// Files can change before the exit of the process is reported.
func TestExitStatusWithoutReport(t *testing.T) {
	s, observer, processes := newTestSet(t)
	for pid, id := range []string{"", "removed", "alive", "stopped"} {
		if id != "" {
			processes.start(pid, 100)
			s.put(key(id), rootContainer(id, testTime, pid))
		}
	}
	processes.ended = map[int]host.ExitStatus{1: exitCode3, 3: exitCode3}
	s.remove(key("removed"), "removed")
	assert.Equal(t, exitCode3, observer.last.Exit.Status)
	assert.True(t, observer.last.Exited)
	s.remove(key("alive"), "alive")
	assert.Zero(t, observer.last.Exit, "the process has not ended")
	assert.False(t, observer.last.Exited)
	stopped := rootContainer("stopped", testTime, 0)
	stopped.sandbox.Status = statefile.Stopped
	s.put(key("stopped"), stopped)
	assert.Equal(t, exitCode3, observer.present[key("stopped")].Exit.Status)
}

// runsc holds the lock of the state file while it kills and deletes a sandbox.
func TestExitWhileLocked(t *testing.T) {
	for _, locked := range []bool{false, true} {
		s, observer, processes := newTestSet(t)
		k := Key{Root: t.TempDir(), ID: "a"}
		name := statefile.Name{ContainerID: "a", SandboxID: "a"}
		lock, err := os.Create(filepath.Join(k.Root, name.LockFile()))
		require.NoError(t, err)
		defer lock.Close()
		if locked {
			require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
		}
		processes.start(1, 100)
		s.put(k, rootContainer("a", testTime, 1))
		processes.end(1)
		s.handleExit(host.Exit{PID: 1})
		for _, last := range observer.present {
			assert.Equal(t, locked, last.Exit.Deleting)
		}
	}
}

func TestRunningSince(t *testing.T) {
	s, observer, _ := newTestSet(t)
	put := func(status statefile.Status, written time.Time) time.Time {
		c := rootContainer("a", testTime, 1)
		c.sandbox.Status, c.written = status, written
		s.put(key("a"), c)
		return observer.present[key("a")].Running
	}
	later := func(seconds int) time.Time { return testTime.Add(time.Duration(seconds) * time.Second) }
	assert.Zero(t, put(statefile.Creating, later(1)))
	assert.Zero(t, put(statefile.Created, later(2)))
	assert.Equal(t, later(3), put(statefile.Running, later(3)))
	assert.Equal(t, later(3), put(statefile.Paused, later(4)))
	assert.Equal(t, later(3), put(statefile.Running, later(5)))

	s, observer, _ = newTestSet(t)
	assert.Zero(t, put(statefile.Paused, later(1)))
	assert.Zero(t, put(statefile.Running, later(2)), "the workload has run before")
}

// runsc restores a sandbox in the process with which it was created.
func TestStartOfRestoredSandbox(t *testing.T) {
	s, observer, processes := newTestSet(t)
	put := func(pid int, restored bool, started, written time.Time) time.Time {
		processes.start(pid, 100)
		c := rootContainer("a", testTime, pid)
		c.sandbox.Restored, c.sandbox.Started, c.written = restored, started, written
		s.put(key("a"), c)
		return observer.present[key("a")].Started
	}
	later := func(seconds int) time.Time { return testTime.Add(time.Duration(seconds) * time.Second) }
	assert.Equal(t, later(1), put(1, false, later(1), later(2)))
	assert.Equal(t, later(1), put(1, false, later(1), later(3)), "other changes do not move the start")
	assert.Equal(t, later(4), put(1, true, later(1), later(4)))
	assert.Equal(t, later(4), put(1, true, later(1), later(5)), "it moves once")
	assert.Equal(t, later(6), put(2, true, later(6), later(7)), "the file states the start of another process")

	s, observer, processes = newTestSet(t)
	assert.Equal(t, later(1), put(1, true, later(1), later(9)), "what came before is not known")
	s.remove(key("a"), "a")
	assert.Equal(t, later(8), put(1, false, later(8), later(9)))
	assert.Equal(t, later(8), put(1, true, later(8), later(7)), "the clock was set back")
}
