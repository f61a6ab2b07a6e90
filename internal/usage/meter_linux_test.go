package usage

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

func TestCgroup(t *testing.T) {
	m := newMachine(t)
	m.group("pod/c", 3000, 1000, 4096)
	m.write(m.cgroup, "pod/memory.max", "8192\n")
	// The process must not be read.
	m.run(fakeProcess{pid: 10, start: 5, user: 100, cgroup: "/pod/c/below"})
	footprint := m.read(m.meter(Sandbox{Cgroup: "/pod/c", PID: 10, Start: 5}))
	require.NoError(t, footprint.CgroupErr)
	assert.Equal(t, host.FigureCPU|host.FigureThrottled|host.FigureMemory|host.FigureMemoryLimit, footprint.Known)
	assert.Zero(t, footprint.FromProcesses)
	assert.Equal(t, 4*time.Millisecond, footprint.CPU)
	assert.Equal(t, 3*time.Millisecond, footprint.User)
	assert.Equal(t, uint64(4096), footprint.Memory)
	assert.Equal(t, uint64(8192), footprint.MemoryLimit)
}

// Without a usable cgroup, the process tree is read, and the reason is known.
func TestUnusableCgroups(t *testing.T) {
	for name, test := range map[string]struct {
		path, member string
		want         error
	}{
		"none":                     {"", "/pod", ErrNoCgroup},
		"root":                     {"/", "/", host.ErrCgroupPath},
		"outside":                  {"/pod/../../x", "/pod", host.ErrCgroupPath},
		"missing":                  {"/pod1", "/pod1", fs.ErrNotExist},
		"of other processes":       {"/pod", "/other", ErrNotMember},
		"of processes at the root": {"/pod", "/", ErrNotMember},
		"with a similar name":      {"/pod", "/pod1", ErrNotMember},
		"of a process above":       {"/pod/c", "/pod", ErrNotMember},
		"in another namespace":     {"/pod", "/../x/y", ErrNotMember},
		"usable":                   {"/pod", "/pod", nil},
		"usable in a namespace":    {"/pod/c", "/../../c/d", nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.group("pod", 3000, 1000, 4096)
			m.group("pod/c", 3000, 1000, 4096)
			m.run(fakeProcess{pid: 10, start: 5, user: 100, cgroup: test.member})
			footprint := m.read(m.meter(Sandbox{Cgroup: test.path, PID: 10, Start: 5}))
			require.ErrorIs(t, footprint.CgroupErr, test.want)
			assert.Equal(t, test.want != nil, footprint.FromProcesses.Has(host.FigureCPU))
			if test.want != nil {
				assert.Equal(t, time.Second, footprint.User)
			}
		})
	}
}

// A cgroup of two sandboxes counts for neither, and one with the cgroup of another
// sandbox below it not for the former.
func TestSharedCgroup(t *testing.T) {
	m := newMachine(t)
	m.group("a.slice/x-1.scope", 1000, 0, 1)
	m.group("a.slice/x-1.scope/c", 1000, 0, 1)
	const directory = "/a.slice/x-1.scope"
	m.run(fakeProcess{pid: 10, cgroup: directory}, fakeProcess{pid: 20, cgroup: directory}, fakeProcess{pid: 30, cgroup: directory + "/c"})
	first := m.meter(Sandbox{Cgroup: "a.slice:x:1", PID: 10})
	require.NoError(t, m.read(first).CgroupErr)
	second := NewMeter(m.host, Sandbox{Cgroup: directory, PID: 20})
	require.ErrorIs(t, m.read(second).CgroupErr, ErrShared)
	require.ErrorIs(t, m.read(first).CgroupErr, ErrShared)
	second.Close()
	require.NoError(t, m.read(first).CgroupErr)

	below := NewMeter(m.host, Sandbox{Cgroup: directory + "/c", PID: 30})
	require.NoError(t, m.read(below).CgroupErr)
	require.ErrorIs(t, m.read(first).CgroupErr, ErrShared)
	below.Close()
	require.NoError(t, m.read(first).CgroupErr)
	first.Close()
	assert.Empty(t, m.host.Groups.claims)
	assert.Zero(t, m.host.Groups.total)
}

func TestGroupsAreBounded(t *testing.T) {
	groups := NewGroups()
	groups.total = maxGroups - 1
	require.NoError(t, groups.Claim("a"))
	require.ErrorIs(t, groups.Claim("b"), ErrTooManyGroups)
	groups.Release("a")
	require.NoError(t, groups.Claim("b"))
}

// Counters continue when the cgroup is removed and created again, and when its
// values fall.
func TestCgroupCreatedAgain(t *testing.T) {
	m := newMachine(t)
	m.group("pod", 3000, 1000, 1)
	m.run(fakeProcess{pid: 10, cgroup: "/pod"})
	meter := m.meter(Sandbox{Cgroup: "/pod", PID: 10})
	assert.Equal(t, 4*time.Millisecond, m.read(meter).CPU)

	require.NoError(t, os.Rename(filepath.Join(m.cgroup, "pod"), filepath.Join(m.cgroup, "old")))
	m.group("pod", 6000, 0, 1)
	footprint := m.read(meter)
	assert.Equal(t, 10*time.Millisecond, footprint.CPU, "higher than before, but another cgroup")
	assert.Equal(t, 9*time.Millisecond, footprint.User)
	assert.Equal(t, time.Millisecond, footprint.System)
	assert.Equal(t, 900*time.Microsecond, footprint.Throttled)

	m.group("pod", 1000, 1000, 1)
	footprint = m.read(meter)
	assert.Equal(t, 12*time.Millisecond, footprint.CPU, "lower than before")
	assert.Equal(t, 10*time.Millisecond, footprint.User)
	assert.Equal(t, 2*time.Millisecond, footprint.System)

	m.group("pod", 900, 1200, 1)
	footprint = m.read(meter)
	assert.Equal(t, 10*time.Millisecond, footprint.User, "an inaccuracy")
	assert.Equal(t, 2200*time.Microsecond, footprint.System)
}

// A change of the source must neither lower a counter nor add what the other source
// counted before.
func TestChangeOfSource(t *testing.T) {
	m := newMachine(t)
	m.group("pod", 2_000_000, 0, 1)
	m.run(fakeProcess{pid: 10, user: 500, cgroup: "/pod"})
	meter := m.meter(Sandbox{Cgroup: "/pod", PID: 10})
	seconds := func() float64 { return m.read(meter).CPU.Seconds() }
	assert.InDelta(t, 2, seconds(), 1e-9)
	require.NoError(t, os.Rename(filepath.Join(m.cgroup, "pod"), filepath.Join(m.cgroup, "old")))
	assert.InDelta(t, 2, seconds(), 1e-9)
	m.run(fakeProcess{pid: 10, user: 600, cgroup: "/pod"})
	assert.InDelta(t, 3, seconds(), 1e-9)
	m.group("pod", 1_000_000, 0, 1)
	assert.InDelta(t, 3, seconds(), 1e-9)
	m.group("pod", 1_500_000, 0, 1)
	assert.InDelta(t, 3.5, seconds(), 1e-9)
}

// Limits are read with every tenth reading only.
func TestLimitsAreKept(t *testing.T) {
	m := newMachine(t)
	m.group("pod", 1, 1, 1)
	m.write(m.cgroup, "memory.max", "100\n")
	meter := m.meter(Sandbox{Cgroup: "/pod"})
	require.Equal(t, uint64(100), m.read(meter).MemoryLimit)
	m.write(m.cgroup, "memory.max", "50\n")
	for range limitReadings - 1 {
		footprint := m.read(meter)
		require.True(t, footprint.Known.Has(host.FigureMemoryLimit))
		require.Equal(t, uint64(100), footprint.MemoryLimit)
	}
	require.Equal(t, uint64(50), m.read(meter).MemoryLimit)

	var footprint Footprint
	m.write(m.cgroup, "pod/pids.max", "7\n")
	require.NoError(t, meter.Read(wantedFigures|host.FigureProcessLimit, &footprint))
	require.Equal(t, uint64(7), footprint.ProcessLimit)
	require.NoError(t, meter.Read(wantedFigures&^host.FigureMemoryLimit, &footprint))
	require.False(t, footprint.Known.Has(host.FigureMemoryLimit))
}

// What the cgroup lacks comes from the processes.
func TestCgroupWithoutMemory(t *testing.T) {
	m := newMachine(t)
	m.write(m.cgroup, "pod/cpu.stat", "usage_usec 3\nuser_usec 2\nsystem_usec 1\n")
	m.run(fakeProcess{pid: 10, user: 100, pages: 3, cgroup: "/pod"})
	footprint := m.read(m.meter(Sandbox{Cgroup: "/pod", PID: 10}))
	assert.Equal(t, host.FigureMemory|host.FigureProcesses, footprint.FromProcesses)
	assert.Equal(t, 3*time.Microsecond, footprint.CPU)
	assert.Equal(t, uint64(3*os.Getpagesize()), footprint.Memory)
}

func TestCounter(t *testing.T) {
	var c counter
	for i, step := range []struct {
		value uint64
		how   transition
		want  uint64
	}{
		{5, continued, 5},
		{7, continued, 7},
		{6, continued, 7},
		{8, continued, 8},
		{3, restarted, 11},
		{9, restarted, 20},
		{100, resumed, 20},
		{101, continued, 21},
		{1, resumed, 21},
		{4, continued, 24},
		{2, adjustable, 24},
		{5, adjustable, 27},
		{1<<64 - 1, continued, 1<<63 - 1},
		{1<<64 - 1, restarted, 1<<63 - 1},
	} {
		assert.Equal(t, step.want, c.advance(step.value, step.how), "step %d", i)
	}
}
