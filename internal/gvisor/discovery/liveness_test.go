package discovery

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// fakeProcesses is a process table with settable processes.
type fakeProcesses struct {
	// starts and arguments are the start times and command lines by process ID.
	starts    map[int]uint64
	arguments map[int]string
	boot      time.Time
	bootReads int
	// failure is returned by ProcessStart unless it is nil.
	failure error
	// hidden are processes that exist but cannot be seen.
	hidden map[int]bool
	// full makes Watch fail.
	full      bool
	forgotten []int
	// ended are the processes that have ended without a report.
	ended map[int]host.ExitStatus
}

func newFakeProcesses() *fakeProcesses {
	return &fakeProcesses{starts: map[int]uint64{}, arguments: map[int]string{}, boot: testTime.Add(-time.Hour)}
}

func (f *fakeProcesses) liveness() *liveness {
	return &liveness{processes: f, exits: f, now: time.Now, watchers: map[int]int{}, ownRoots: map[string]bool{}}
}

func (f *fakeProcesses) start(pid int, ticks uint64) { f.starts[pid] = ticks }

func (f *fakeProcesses) end(pid int) { delete(f.starts, pid) }

func (f *fakeProcesses) ProcessStart(pid int) (uint64, error) {
	if f.failure != nil {
		return 0, f.failure
	}
	if start, ok := f.starts[pid]; ok {
		return start, nil
	}
	return 0, host.ErrNoProcess
}

func (f *fakeProcesses) StartTime(ticks uint64) (time.Time, error) {
	f.bootReads++
	return f.boot.Add(host.Ticks(ticks)), nil
}

func (f *fakeProcesses) HasArgument(pid int, argument string) (bool, error) {
	return f.arguments[pid] == argument, nil
}

func (f *fakeProcesses) Watch(pid int) error {
	if f.full {
		return host.ErrTooMany
	}
	if _, ok := f.starts[pid]; !ok && !f.hidden[pid] {
		return host.ErrNoProcess
	}
	return nil
}

func (f *fakeProcesses) Ended(pid int) (host.ExitStatus, bool) {
	status, ended := f.ended[pid]
	return status, ended
}

func (f *fakeProcesses) Hidden(pid int) bool { return f.hidden[pid] }

func (f *fakeProcesses) Forget(pid int) { f.forgotten = append(f.forgotten, pid) }

const ticksPerHour = 360_000

var trackTests = map[string]struct {
	pid     int
	status  statefile.Status
	prepare func(*fakeProcesses)
	want    process
}{
	"alive": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour) },
		process{pid: 7, start: ticksPerHour, watched: true},
	},
	"exited": {
		7, statefile.Running,
		func(*fakeProcesses) {},
		process{pid: 7, exited: true},
	},
	"alive but not watchable": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour); f.full = true },
		process{pid: 7, start: ticksPerHour},
	},
	"unreadable": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour); f.failure = errors.New("permission denied") },
		process{pid: 7, watched: true},
	},
	"ID reused by another process": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour+300); f.arguments[7] = "other" },
		process{pid: 7, exited: true},
	},
	"clock set after the start": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour+300); f.arguments[7] = "web" },
		process{pid: 7, start: ticksPerHour + 300, watched: true},
	},
	"start slightly after the file because of the boot time's resolution": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.start(7, ticksPerHour+100); f.arguments[7] = "other" },
		process{pid: 7, start: ticksPerHour + 100, watched: true},
	},
	"hidden": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.hidden = map[int]bool{7: true} },
		process{pid: 7, unseen: true, watched: true},
	},
	"hidden and not watchable": {
		7, statefile.Running,
		func(f *fakeProcesses) { f.hidden, f.full = map[int]bool{7: true}, true },
		process{pid: 7, unseen: true},
	},
	"no process":     {0, statefile.Running, func(*fakeProcesses) {}, process{exited: true}},
	"no process yet": {0, statefile.Creating, func(*fakeProcesses) {}, process{}},
}

func TestTrack(t *testing.T) {
	for name, test := range trackTests {
		t.Run(name, func(t *testing.T) {
			processes := newFakeProcesses()
			test.prepare(processes)
			l := processes.liveness()
			s := rootContainer("web", testTime, test.pid).sandbox
			s.Status = test.status
			got := l.track(s, testTime)
			assert.Equal(t, test.want, got)
			assert.Equal(t, got.watched, l.watchers[7] == 1)
			state := &statefile.State{Status: test.status, Sandbox: statefile.Sandbox{ID: "web", PID: test.pid}}
			assert.Equal(t, test.want.exited, l.hasEnded(state, testTime))

			l.untrack(&got)
			l.untrack(&got)
			assert.Empty(t, l.watchers)
		})
	}
	t.Run("other PID namespace", func(t *testing.T) {
		processes := newFakeProcesses()
		processes.start(8, ticksPerHour+300)
		l := processes.liveness()
		l.ownProcessesOnly = true
		for _, pid := range []int{7, 8} {
			assert.Equal(t, process{pid: pid, unseen: true}, l.track(rootContainer("web", testTime, pid).sandbox, testTime))
			assert.False(t, l.hasEnded(&statefile.State{Sandbox: statefile.Sandbox{ID: "web", PID: pid}}, testTime))
		}
		assert.Empty(t, l.watchers, "another process with the ID must not be watched")
	})
	t.Run("processes are not checked", func(t *testing.T) {
		l := &liveness{now: time.Now}
		assert.Equal(t, process{pid: 7}, l.track(rootContainer("web", testTime, 7).sandbox, testTime))
		assert.False(t, l.hasEnded(&statefile.State{Sandbox: statefile.Sandbox{ID: "web", PID: 7}}, testTime))
		assert.False(t, l.poll(testRoot, &process{pid: 7}))
	})
}

// TestBootTimeIsCached checks that /proc/stat, which is long on large hosts, is
// not read for each process.
func TestBootTimeIsCached(t *testing.T) {
	processes := newFakeProcesses()
	processes.start(7, 1)
	l := processes.liveness()
	now := testTime
	l.now = func() time.Time { return now }
	for range 5 {
		l.track(rootContainer("web", testTime, 7).sandbox, testTime)
	}
	assert.Equal(t, 1, processes.bootReads)
	now = now.Add(2 * bootMaxAge)
	l.track(rootContainer("web", testTime, 7).sandbox, testTime)
	assert.Equal(t, 2, processes.bootReads)
	now = now.Add(-2 * bootMaxAge)
	l.track(rootContainer("web", testTime, 7).sandbox, testTime)
	assert.Equal(t, 3, processes.bootReads, "the boot time must be read again after the clock was set back")
}

func TestPoll(t *testing.T) {
	processes := newFakeProcesses()
	processes.start(7, 100)
	l := processes.liveness()
	p := process{pid: 7}
	assert.False(t, l.poll(testRoot, &p))
	assert.Equal(t, uint64(100), p.start, "poll must set a start time that was unknown")
	processes.failure = errors.New("permission denied")
	assert.False(t, l.poll(testRoot, &p))
	processes.failure = nil
	processes.start(7, 101)
	assert.True(t, l.poll(testRoot, &p))
	assert.False(t, l.poll(testRoot, &p), "an exit must be returned once")
}

func TestPollOfHiddenProcess(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*fakeProcesses)
		want   process
	}{
		"still hidden":   {func(*fakeProcesses) {}, process{pid: 7, unseen: true}},
		"exited":         {func(f *fakeProcesses) { f.hidden = nil }, process{pid: 7, exited: true}},
		"became visible": {func(f *fakeProcesses) { f.hidden = nil; f.start(7, 100) }, process{pid: 7, start: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			processes := newFakeProcesses()
			processes.hidden, processes.full = map[int]bool{7: true}, true
			l := processes.liveness()
			p := l.track(rootContainer("web", testTime, 7).sandbox, testTime)
			test.change(processes)
			assert.Equal(t, !test.want.unseen, l.poll(testRoot, &p))
			assert.Equal(t, test.want, p)
		})
	}
}

// TestExitOfHiddenProcess covers a process that cannot be seen, but whose exit a
// pidfd reports.
func TestExitOfHiddenProcess(t *testing.T) {
	processes := newFakeProcesses()
	processes.hidden = map[int]bool{7: true}
	l := processes.liveness()
	p := l.track(rootContainer("web", testTime, 7).sandbox, testTime)
	processes.hidden = nil
	assert.True(t, l.confirmExit(&p, host.ExitStatus{}))
	assert.Equal(t, process{pid: 7, exited: true}, p)
}
