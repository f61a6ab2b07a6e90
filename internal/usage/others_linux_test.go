package usage

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// pod starts a shim (10) with a child (11), and two processes that init has adopted, of
// which one (20) has a child (21).
func (m *machine) pod() Sandbox {
	m.run(fakeProcess{pid: 10, start: 5, user: 1, pages: 10, size: 100, shared: 8, children: []int{11}},
		fakeProcess{pid: 11, parent: 10, start: 6, user: 10, pages: 20, size: 101, shared: 15},
		fakeProcess{pid: 20, parent: 1, start: 7, user: 100, pages: 1000, size: 2000, shared: 900, children: []int{21}},
		fakeProcess{pid: 21, parent: 20, start: 7, user: 1000, pages: 5, size: 50},
		fakeProcess{pid: 30, parent: 1, start: 8, user: 10000, pages: 400, size: 2001, shared: 390})
	return Sandbox{PID: 10, Start: 5, Others: [maxOthers]Process{{20, 7}, {30, 8}}}
}

func TestOtherProcesses(t *testing.T) {
	m := newMachine(t)
	footprint := m.read(m.meter(m.pod()))
	assert.Equal(t, 11111*tick, footprint.User)
	assert.Equal(t, uint64(5), footprint.Processes)
	assert.Equal(t, uint64(1435*os.Getpagesize()), footprint.Memory)
}

// TestSharedMemory checks that the memory of a virtual machine does not count for the
// daemon as well that has it in its address space.
func TestSharedMemory(t *testing.T) {
	m := newMachine(t)
	sandbox := m.pod()
	sandbox.SharedMemory = true
	footprint := m.read(m.meter(sandbox))
	assert.Equal(t, uint64((2+5+100+5+10+900)*os.Getpagesize()), footprint.Memory)
	assert.Equal(t, 11111*tick, footprint.User)
}

// A process with the PID but not the start time is another one, a descendant counts
// once, and the CPU time of one that ends is kept.
func TestOtherProcessesOverTime(t *testing.T) {
	m := newMachine(t)
	sandbox := m.pod()
	sandbox.Others[0] = Process{11, 6}
	meter := m.meter(sandbox)
	user, _ := m.cpu(meter)
	assert.Equal(t, 10011, user)
	m.run(fakeProcess{pid: 30, parent: 1, start: 9, user: 77777})
	user, _ = m.cpu(meter)
	assert.Equal(t, 10011, user, "another process has the PID")
	m.end(30)
	user, _ = m.cpu(meter)
	assert.Equal(t, 10011, user)
}

// A process that two sandboxes name counts for one of them, and is free after that.
func TestOtherProcessCountsOnce(t *testing.T) {
	m := newMachine(t)
	first := m.meter(m.pod())
	m.run(fakeProcess{pid: 40, start: 5, user: 3})
	sandbox := Sandbox{PID: 40, Others: [maxOthers]Process{{30, 8}}}
	second := m.meter(sandbox)
	user, _ := m.cpu(second)
	assert.Equal(t, 3, user)
	user, _ = m.cpu(first)
	assert.Equal(t, 11111, user)
	second.Close()
	first.Close()
	user, _ = m.cpu(m.meter(sandbox))
	assert.Equal(t, 10003, user)
	assert.Zero(t, m.host.remembered.Load())
}
