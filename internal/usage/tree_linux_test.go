package usage

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const tick = 10 * time.Millisecond

// cpu reads the CPU time of a process tree in ticks.
func (m *machine) cpu(meter *Meter) (user, system int) {
	m.t.Helper()
	footprint := m.read(meter)
	require.Equal(m.t, footprint.User+footprint.System, footprint.CPU)
	return int(footprint.User / tick), int(footprint.System / tick)
}

func TestProcessTree(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5, user: 1, system: 2, childUser: 3, childSystem: 4, pages: 7, size: 70, children: []int{11, 12}},
		fakeProcess{pid: 11, parent: 10, start: 6, user: 10, system: 20, pages: 100, size: 300, children: []int{13, 14}},
		fakeProcess{pid: 12, parent: 10, start: 6, user: 100, state: "Z", pages: 1, size: 2},
		fakeProcess{pid: 13, parent: 11, start: 7, user: 1000, pages: 100, size: 300},
		fakeProcess{pid: 14, parent: 11, start: 7, system: 1000, pages: 50, size: 301},
		fakeProcess{pid: 99, parent: 1, start: 7, user: 5, pages: 1})
	footprint := m.read(m.meter(Sandbox{PID: 10, Start: 5}))
	assert.Equal(t, host.FigureCPU|host.FigureMemory|host.FigureProcesses, footprint.Known)
	assert.Equal(t, footprint.Known, footprint.FromProcesses)
	assert.Equal(t, 1114*tick, footprint.User)
	assert.Equal(t, 1026*tick, footprint.System)
	assert.Equal(t, uint64(157*os.Getpagesize()), footprint.Memory)
	assert.Equal(t, uint64(4), footprint.Processes)
	require.ErrorIs(t, footprint.CgroupErr, ErrNoCgroup)
	assert.False(t, footprint.Truncated)
}

// treeSteps is what happens to a tree of 10 (5 ticks), 11 (50) and its child 12 (500)
// after the first reading, and the CPU time afterward.
var treeSteps = map[string]struct {
	change func(m *machine)
	want   int
}{
	"nothing":  {func(*machine) {}, 555},
	"progress": {func(m *machine) { m.run(fakeProcess{pid: 12, parent: 11, start: 7, user: 510}) }, 565},
	"reaped": {func(m *machine) {
		m.end(12)
		m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 50, childUser: 502})
	}, 557},
	"not reaped": {func(m *machine) {
		m.end(12)
		m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 57})
	}, 562},
	"reaped with an unknown child": {func(m *machine) {
		m.end(12)
		m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 50, childUser: 530})
	}, 585},
	"adopted elsewhere, and continues": {func(m *machine) {
		m.end(11)
		m.run(fakeProcess{pid: 10, start: 5, user: 5, childUser: 51},
			fakeProcess{pid: 12, parent: 1, start: 7, user: 520, children: []int{13}},
			fakeProcess{pid: 13, parent: 12, start: 8, user: 3})
	}, 579},
	"both reaped": {func(m *machine) {
		m.end(11, 12)
		m.run(fakeProcess{pid: 10, start: 5, user: 5, childUser: 553})
	}, 558},
	"parent reaped, child lost": {func(m *machine) {
		m.end(11, 12)
		m.run(fakeProcess{pid: 10, start: 5, user: 8, childUser: 50})
	}, 558},
	"both lost": {func(m *machine) {
		m.end(11, 12)
		m.run(fakeProcess{pid: 10, start: 5, user: 9})
	}, 559},
	"PID reused by another process": {func(m *machine) {
		m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 50}, fakeProcess{pid: 12, parent: 1, start: 9, user: 9000})
	}, 555},
	"PID reused by another child": {func(m *machine) {
		m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 50, childUser: 500, children: []int{12}},
			fakeProcess{pid: 12, parent: 11, start: 9, user: 7})
	}, 555},
	"zombie":      {func(m *machine) { m.run(fakeProcess{pid: 12, parent: 11, start: 7, user: 501, state: "Z"}) }, 556},
	"lower times": {func(m *machine) { m.run(fakeProcess{pid: 12, parent: 11, start: 7, user: 499}) }, 555},
}

// CPU time must be counted once, wherever it goes when a process ends.
func TestTreeOverTime(t *testing.T) {
	for name, test := range treeSteps {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.run(fakeProcess{pid: 10, start: 5, user: 5, children: []int{11}},
				fakeProcess{pid: 11, parent: 10, start: 6, user: 50, children: []int{12}},
				fakeProcess{pid: 12, parent: 11, start: 7, user: 500})
			meter := m.meter(Sandbox{PID: 10, Start: 5})
			user, system := m.cpu(meter)
			require.Equal(t, 555, user)
			require.Zero(t, system)
			test.change(m)
			for range 3 {
				user, _ = m.cpu(meter)
				if name != "PID reused by another child" {
					assert.Equal(t, test.want, user)
				}
				assert.GreaterOrEqual(t, user, test.want)
			}
			if name == "PID reused by another child" {
				assert.Equal(t, 562, user, "the new child is found by the next reading")
			}
		})
	}
}

// A process that cannot be read for a while must not be taken for one that ended.
func TestUnreadableProcess(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5, user: 5, children: []int{11}}, fakeProcess{pid: 11, parent: 10, start: 6, user: 50})
	meter := m.meter(Sandbox{PID: 10, Start: 5})
	user, _ := m.cpu(meter)
	assert.Equal(t, 55, user)
	m.write(m.proc, "11/statm", "garbage\n")
	for range 2 {
		user, _ = m.cpu(meter)
		assert.Equal(t, 55, user)
	}
	m.run(fakeProcess{pid: 11, parent: 10, start: 6, user: 52})
	user, _ = m.cpu(meter)
	assert.Equal(t, 57, user)
}

func TestUnusableTrees(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5}, fakeProcess{pid: 11, start: 5, state: "Z"}, fakeProcess{pid: 12, start: 5})
	require.NoError(t, os.RemoveAll(m.proc+"/12/task/12/children"))
	m.write(m.proc, "13/stat", "garbage")
	for _, test := range []struct {
		sandbox Sandbox
		want    error
	}{
		{Sandbox{}, ErrNoCgroup},
		{Sandbox{PID: 10, Start: 4}, host.ErrNoProcess},
		{Sandbox{PID: 11, Start: 5}, host.ErrNoProcess},
		{Sandbox{PID: 14, Start: 5}, host.ErrNoProcess},
		{Sandbox{PID: 12, Start: 5}, host.ErrNoChildren},
	} {
		var footprint Footprint
		require.ErrorIs(t, m.meter(test.sandbox).Read(wantedFigures, &footprint), test.want, "%+v", test.sandbox)
		assert.Zero(t, footprint.Known)
	}
	var footprint Footprint
	require.Error(t, m.meter(Sandbox{PID: 13}).Read(wantedFigures, &footprint))

	// A process that is not in this proc filesystem, but exists.
	require.NoError(t, os.Symlink(fmt.Sprint(os.Getpid()), m.proc+"/self"))
	require.ErrorIs(t, m.meter(Sandbox{PID: os.Getpid()}).Read(wantedFigures, &footprint), host.ErrHidden)
}

// Without a start time, the process of the first reading counts.
func TestUnknownStart(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5, user: 3})
	meter := m.meter(Sandbox{PID: 10})
	m.read(meter)
	m.run(fakeProcess{pid: 10, start: 6, user: 3})
	var footprint Footprint
	require.ErrorIs(t, meter.Read(wantedFigures, &footprint), host.ErrNoProcess)
}

func TestTreeIsBounded(t *testing.T) {
	m := newMachine(t)
	const limit = ownProcesses + 20
	require.Equal(t, maxTreeProcesses, m.host.maxTree)
	m.host.maxTree = limit
	children := make([]int, limit+10)
	for i := range children {
		children[i] = 1000 + i
	}
	m.run(fakeProcess{pid: 10, start: 5, user: 1, children: children})
	for _, child := range children {
		m.run(fakeProcess{pid: child, parent: 10, start: 6, user: 1})
	}
	meter := m.meter(Sandbox{PID: 10, Start: 5})
	for range 2 {
		footprint := m.read(meter)
		assert.True(t, footprint.Truncated)
		assert.Equal(t, uint64(limit), footprint.Processes)
	}
	const reserved = limit - 1 - ownProcesses
	assert.Equal(t, int64(reserved), m.host.remembered.Load())

	// The processes of all sandboxes together are bounded, too, except for a few of
	// each, which one with very many does not take from the others.
	m.host.remembered.Add(maxProcesses - reserved)
	m.run(fakeProcess{pid: 20, start: 5, children: children})
	for _, child := range children {
		m.run(fakeProcess{pid: child, parent: 20})
	}
	footprint := m.read(m.meter(Sandbox{PID: 20, Start: 5}))
	assert.True(t, footprint.Truncated)
	assert.Equal(t, uint64(1+ownProcesses), footprint.Processes)

	m.end(children...)
	m.run(fakeProcess{pid: 10, start: 5, user: 1})
	footprint = m.read(meter)
	assert.False(t, footprint.Truncated)
	assert.Equal(t, limit*tick, footprint.User, "the time of ended processes")
	assert.Equal(t, int64(maxProcesses-reserved), m.host.remembered.Load(), "ended processes are forgotten")
}

// A process that lists itself or a parent as its child must not be counted twice.
func TestTreeWithCycles(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 10, start: 5, user: 1, children: []int{11, 10}},
		fakeProcess{pid: 11, parent: 10, start: 5, user: 1, children: []int{10, 11, 12}},
		fakeProcess{pid: 12, parent: 99, start: 5, user: 1})
	user, _ := m.cpu(m.meter(Sandbox{PID: 10, Start: 5}))
	assert.Equal(t, 2, user, "12 is not a child of 11")
}
