package discovery

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// fakeProcesses are processes by id.
type fakeProcesses struct {
	starts    map[int]uint64
	arguments map[int]string
	boot      time.Time
	bootReads int
	failure   error
	refuse    bool
	forgotten []int
}

func newFakeProcesses() *fakeProcesses {
	return &fakeProcesses{starts: map[int]uint64{}, arguments: map[int]string{}, boot: firstLife.Add(-time.Hour)}
}

func (f *fakeProcesses) liveness() *liveness {
	return &liveness{table: f, exits: f, now: time.Now, watchers: map[int]int{}}
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
	if f.refuse {
		return host.ErrTooMany
	}
	if _, ok := f.starts[pid]; !ok {
		return host.ErrNoProcess
	}
	return nil
}

func (f *fakeProcesses) Forget(pid int) { f.forgotten = append(f.forgotten, pid) }

func TestBegin(t *testing.T) {
	const hour = 360_000 // ticks
	for name, test := range map[string]struct {
		pid     int
		status  statefile.Status
		prepare func(*fakeProcesses)
		want    process
	}{
		"alive": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour) },
			process{pid: 7, start: hour, watched: true},
		},
		"gone": {
			7, statefile.Running,
			func(*fakeProcesses) {},
			process{pid: 7, exited: true},
		},
		"cannot be watched": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour); f.refuse = true },
			process{pid: 7, start: hour},
		},
		"cannot be looked at": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour); f.failure = errors.New("permission denied") },
			process{pid: 7, watched: true},
		},
		"id taken over by another": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour+300); f.arguments[7] = "other" },
			process{pid: 7, exited: true},
		},
		"clock was set since": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour+300); f.arguments[7] = "web" },
			process{pid: 7, start: hour + 300, watched: true},
		},
		"started a moment after the file by a coarse clock": {
			7, statefile.Running,
			func(f *fakeProcesses) { f.start(7, hour+100); f.arguments[7] = "other" },
			process{pid: 7, start: hour + 100, watched: true},
		},
		"no process":     {0, statefile.Running, func(*fakeProcesses) {}, process{exited: true}},
		"no process yet": {0, statefile.Creating, func(*fakeProcesses) {}, process{}},
	} {
		t.Run(name, func(t *testing.T) {
			processes := newFakeProcesses()
			test.prepare(processes)
			l := processes.liveness()
			s := rootFacts("web", firstLife, test.pid).sandbox
			s.Status = test.status
			got := l.begin(s, firstLife)
			assert.Equal(t, test.want, got)
			assert.Equal(t, got.watched, l.watchers[7] == 1)

			l.end(&got)
			l.end(&got)
			assert.Empty(t, l.watchers)
		})
	}
	t.Run("ids mean nothing here", func(t *testing.T) {
		l := &liveness{now: time.Now}
		assert.Equal(t, process{pid: 7}, l.begin(rootFacts("web", firstLife, 7).sandbox, firstLife))
		assert.False(t, l.recheck(&process{pid: 7}))
	})
}

// TestBootIsReadSeldom: the file that tells it is long on large hosts.
func TestBootIsReadSeldom(t *testing.T) {
	processes := newFakeProcesses()
	processes.start(7, 1)
	l := processes.liveness()
	now := firstLife
	l.now = func() time.Time { return now }
	for range 5 {
		l.begin(rootFacts("web", firstLife, 7).sandbox, firstLife)
	}
	assert.Equal(t, 1, processes.bootReads)
	now = now.Add(2 * bootTolerance)
	l.begin(rootFacts("web", firstLife, 7).sandbox, firstLife)
	assert.Equal(t, 2, processes.bootReads)
	now = now.Add(-2 * bootTolerance)
	l.begin(rootFacts("web", firstLife, 7).sandbox, firstLife)
	assert.Equal(t, 3, processes.bootReads, "the clock was set back")
}

func TestRecheck(t *testing.T) {
	processes := newFakeProcesses()
	processes.start(7, 100)
	l := processes.liveness()
	p := process{pid: 7}
	assert.False(t, l.recheck(&p))
	assert.Equal(t, uint64(100), p.start, "an unknown start is made up for")
	processes.failure = errors.New("permission denied")
	assert.False(t, l.recheck(&p))
	processes.failure = nil
	processes.start(7, 101)
	assert.True(t, l.recheck(&p))
	assert.False(t, l.recheck(&p), "once")
}
