package usage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// exiting is a sandbox with a cgroup and a process, and a reporter that has read it.
type exiting struct {
	*machine
	reporter *Reporter
	sandbox  Sandbox
	now      time.Time
}

// newExiting returns a sandbox with 4 s of CPU time and 8 KiB of memory. No family is
// enabled: what is known about the end does not depend on that.
func newExiting(t *testing.T) *exiting {
	t.Helper()
	m := newMachine(t)
	m.group("web", 3_000_000, 1_000_000, 8192)
	m.oomKills(0)
	m.run(fakeProcess{pid: 42, start: 7, cgroup: "/web"})
	e := &exiting{machine: m, reporter: m.newReporter(func(string) bool { return false }), now: time.Now()}
	e.sandbox = Sandbox{Cgroup: "/web", PID: 42}
	e.read()
	return e
}

func (m *machine) oomKills(number int) {
	m.write(m.cgroup, "web/memory.events", fmt.Sprintf("oom 0\noom_kill %d\n", number))
	m.write(m.cgroup, "web/memory.peak", "16384\n")
}

func (e *exiting) read() {
	e.t.Helper()
	var r sandbox.Reading
	e.reporter.Append(&r, &Report{Sandbox: e.sandbox}, e.now)
	require.Empty(e.t, r.Points)
}

// exit returns what is known some time later.
func (e *exiting) exit(after time.Duration) (exit sandbox.Exit, oom bool) {
	exit.Time = e.now.Add(after)
	oom = e.reporter.Exit(&exit)
	return exit, oom
}

const allFigures = sandbox.ExitCPU | sandbox.ExitMemory | sandbox.ExitMemoryPeak | sandbox.ExitOOMKills | sandbox.ExitThrottled

// A cgroup that outlives its processes has the last figures. Its memory is no longer used
// by the sandbox.
func TestLastFiguresOfCgroup(t *testing.T) {
	e := newExiting(t)
	e.end(42)
	e.group("web", 5_000_000, 1_000_000, 10)
	exit, oom := e.exit(time.Minute)
	assert.False(t, oom)
	assert.Equal(t, sandbox.Exit{
		Time: e.now.Add(time.Minute), Known: allFigures,
		CPU: 6 * time.Second, Throttled: 500 * time.Millisecond, Memory: 8192, MemoryPeak: 16384,
	}, exit)
}

// Without the cgroup, the figures of the last reading remain.
func TestLastFiguresWithoutCgroup(t *testing.T) {
	e := newExiting(t)
	e.end(42)
	require.NoError(t, os.RemoveAll(filepath.Join(e.cgroup, "web")))
	exit, _ := e.exit(time.Minute)
	assert.Equal(t, allFigures, exit.Known)
	assert.Equal(t, 4*time.Second, exit.CPU)
	assert.Equal(t, time.Minute, exit.SampleAge)
}

// A cgroup that was created again under the same path is that of another sandbox.
func TestLastFiguresOfReplacedCgroup(t *testing.T) {
	e := newExiting(t)
	e.end(42)
	require.NoError(t, os.Rename(filepath.Join(e.cgroup, "web"), filepath.Join(e.cgroup, "old")))
	e.group("web", 50_000_000, 0, 1)
	exit, _ := e.exit(time.Minute)
	assert.Equal(t, 4*time.Second, exit.CPU)
	assert.Equal(t, time.Minute, exit.SampleAge)
}

func TestLastFiguresWithoutReading(t *testing.T) {
	m := newMachine(t)
	var exit sandbox.Exit
	assert.False(t, m.newReporter(everything).Exit(&exit))
	assert.Zero(t, exit.Known)
	assert.False(t, (*Reporter)(nil).Exit(&exit))
}

// An OOM kill is the reason for an end that follows immediately.
func TestOOMKillBeforeEnd(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		_, oom := newExiting(t).exit(time.Second)
		assert.False(t, oom)
	})
	t.Run("since the last reading", func(t *testing.T) {
		e := newExiting(t)
		e.oomKills(1)
		exit, oom := e.exit(time.Minute)
		assert.True(t, oom)
		assert.Equal(t, uint64(1), exit.OOMKills)
	})
	t.Run("a reading came between kill and end", func(t *testing.T) {
		e := newExiting(t)
		e.oomKills(1)
		e.read()
		_, oom := e.exit(oomDelay - 1)
		assert.True(t, oom)
	})
	t.Run("long before", func(t *testing.T) {
		e := newExiting(t)
		e.oomKills(1)
		e.read()
		_, oom := e.exit(oomDelay)
		assert.False(t, oom)
	})
	t.Run("before the sandbox", func(t *testing.T) {
		m := newMachine(t)
		m.group("web", 1, 1, 1)
		m.oomKills(7)
		m.run(fakeProcess{pid: 42, start: 7, cgroup: "/web"})
		e := &exiting{machine: m, reporter: m.newReporter(everything), now: time.Now()}
		var r sandbox.Reading
		e.reporter.Append(&r, &Report{Sandbox: Sandbox{Cgroup: "/web", PID: 42}}, e.now)
		_, oom := e.exit(time.Second)
		assert.False(t, oom)
	})
}
