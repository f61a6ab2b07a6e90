package usage

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const (
	// maxTreeProcesses is the number of processes of a sandbox that are read.
	maxTreeProcesses = 4096
	// maxProcesses is the number of processes of all sandboxes together that are
	// remembered between readings.
	maxProcesses = 65536
	// ownProcesses is the number of processes of each sandbox that do not count for
	// maxProcesses, so that a sandbox with very many processes does not make the figures
	// of others incomplete.
	ownProcesses = 64
)

// ticks is CPU time in clock ticks.
type ticks struct{ user, system uint64 }

func (t ticks) plus(other ticks) ticks { return ticks{t.user + other.user, t.system + other.system} }

// minus subtracts other, but not below 0.
func (t ticks) minus(other ticks) ticks {
	return ticks{t.user - min(t.user, other.user), t.system - min(t.system, other.system)}
}

func (t ticks) max(other ticks) ticks {
	return ticks{max(t.user, other.user), max(t.system, other.system)}
}

// treeProcess is a process of a sandbox, as of the last reading.
type treeProcess struct {
	pid, parent int
	start       uint64
	// own is its CPU time, reaped that of the children it has waited for.
	own, reaped ticks
	// reapedBefore is reaped of the reading before, and expected how much vanished
	// children must have added to it.
	reapedBefore, expected ticks
	// size is the size of its address space.
	size uint64
	// fresh is set until the process has been read for the first time.
	fresh, vanished bool
}

// tree is the processes of a sandbox. It remembers them, because
//
//   - a process whose parent exits gets a new parent outside of the tree, and could not
//     be found again;
//   - the CPU time of a process that exits is lost unless its parent waits for it.
type tree struct {
	host *Host
	// reader is set up by the first reading, because most sandboxes have a cgroup.
	reader *host.TreeReader
	root   int
	start  uint64
	// others are further processes of the sandbox; unused elements are zero.
	others [maxOthers]Process
	// sharedMemory means that pages that several processes can share count once.
	sharedMemory bool

	processes []treeProcess
	// index has the position of each PID in processes.
	index map[int]int
	// reserved is how many of the processes count for maxProcesses.
	reserved int
	// lost is the CPU time of exited processes that no other process inherited.
	lost ticks
}

// treeUsage is what the processes of a tree use.
type treeUsage struct {
	cpu    ticks
	memory uint64
	// private is the part of memory that is neither in files nor in shared memory.
	private   uint64
	processes uint64
	truncated bool
	// shared is the shared memory of the process that has the most of it.
	shared uint64
}

// read reads all processes. If the root has ended, the error is
// [host.ErrNoProcess]; if it is not visible, [host.ErrHidden].
func (t *tree) read() (treeUsage, error) {
	if t.index == nil {
		t.index = map[int]int{}
		t.reader = &host.TreeReader{Processes: t.host.Processes}
		t.processes = append(t.processes, treeProcess{pid: t.root, start: t.start})
		t.index[t.root] = 0
		t.addOthers()
	}
	var usage treeUsage
	// Children are appended while the loop runs.
	next := 0
	for next < len(t.processes) {
		if err := t.readProcess(next, &usage); err != nil {
			return treeUsage{}, err
		}
		next++
	}
	t.settle()
	total := t.lost
	for i := range t.processes {
		total = total.plus(t.processes[i].own).plus(t.processes[i].reaped)
	}
	usage.cpu = total
	usage.memory += usage.shared
	return usage, nil
}

// addOthers adds the processes that need not be descendants of the root. Their start
// times are known. They are few enough to be among ownProcesses.
func (t *tree) addOthers() {
	for _, other := range t.others {
		if _, known := t.index[other.PID]; other.PID == 0 || known {
			continue
		}
		t.index[other.PID] = len(t.processes)
		t.processes = append(t.processes, treeProcess{pid: other.PID, start: other.Start})
	}
}

// readProcess reads one process and finds its children. It fails only for the root.
func (t *tree) readProcess(i int, usage *treeUsage) error {
	process := &t.processes[i]
	err := t.reader.Read(process.pid)
	times := &t.reader.Times
	if i == 0 && err == nil && t.start == 0 {
		t.start, process.start = times.Start, times.Start
	}
	ended := err == nil && i == 0 && (times.State == 'Z' || times.State == 'X')
	switch {
	case i == 0 && err != nil:
		return t.rootError(err)
	case ended, i == 0 && times.Start != t.start:
		return fmt.Errorf("pid %d: %w", t.root, host.ErrNoProcess)
	case err != nil && !process.fresh && !errors.Is(err, host.ErrNoProcess):
		// It still exists, and is counted as of the last reading.
		process.reapedBefore = process.reaped
		return nil
	// If the PID has been reused, the process was not started by its listed parent,
	// or at another time.
	case err != nil, process.fresh && times.Parent != process.parent, !process.fresh && times.Start != process.start:
		process.vanished = true
		return nil
	}
	process.start, process.parent, process.fresh = times.Start, times.Parent, false
	process.own = process.own.max(ticks{times.User, times.System})
	process.reapedBefore = process.reaped
	process.reaped = process.reaped.max(ticks{times.ChildrenUser, times.ChildrenSystem})
	if times.State == 'Z' || times.State == 'X' {
		return nil
	}
	usage.processes++
	t.addMemory(i, usage)
	pid := process.pid
	for _, child := range t.reader.Children {
		usage.truncated = !t.add(child, pid) || usage.truncated
	}
	return nil
}

// addMemory adds the memory of a process, unless it shares the address space of its
// parent. gVisor's platform systrap has two processes for each address space, and the
// memory of the workload is only in these, not in the sentry:
//
//	runsc-sandbox           resident  57 MiB
//	└─ exe                  resident 208 MiB
//	   └─ exe               resident 208 MiB, the same
//
// The result is an estimate. Pages that different address spaces share are counted for
// each; pages that are mapped nowhere are not counted, such as those of a program that
// has forked and not touched them since: then the sentry has them in its memory file
// only. Therefore [Meter.treeMemory] prefers the size of that file.
//
// The memory of a virtual machine whose files virtiofsd serves is in the address spaces
// of both. Of memory that can be shared, only that of the process with the most of it
// counts, so that no page counts twice.
func (t *tree) addMemory(i int, usage *treeUsage) {
	process := &t.processes[i]
	process.size = t.reader.Memory.Size
	if parent, found := t.index[process.parent]; found && t.processes[parent].size == process.size && i > 0 {
		return
	}
	if t.sharedMemory {
		usage.memory += t.reader.Memory.Resident - t.reader.Memory.Shared
		usage.shared = max(usage.shared, t.reader.Memory.Shared)
		return
	}
	usage.memory += t.reader.Memory.Resident
	usage.private += t.reader.Memory.Resident - t.reader.Memory.Shared
}

// rootError explains why the root cannot be read.
func (t *tree) rootError(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, host.ErrNoProcess) && t.host.Processes.Hidden(t.root) {
		return fmt.Errorf("pid %d: %w", t.root, host.ErrHidden)
	}
	return err
}

// add adds a child unless it is known. It reports whether there was room.
func (t *tree) add(pid, parent int) bool {
	if _, known := t.index[pid]; known {
		return true
	}
	if len(t.processes) == t.host.maxTree {
		return false
	}
	if len(t.processes)-t.reserved > ownProcesses {
		if !t.host.reserve() {
			return false
		}
		t.reserved++
	}
	t.index[pid] = len(t.processes)
	t.processes = append(t.processes, treeProcess{pid: pid, parent: parent, fresh: true})
	return true
}

// settle determines which process inherited the CPU time of vanished processes, and
// forgets them.
// A process that waits for a child takes over its CPU time; if it has taken over
// less than that of its vanished children, the rest is lost.
func (t *tree) settle() {
	vanished := false
	for i := range t.processes {
		process := &t.processes[i]
		if !process.vanished {
			continue
		}
		vanished = true
		time := process.own.plus(process.reaped)
		if heir, found := t.heir(process.parent); found {
			t.processes[heir].expected = t.processes[heir].expected.plus(time)
		} else {
			t.lost = t.lost.plus(time)
		}
	}
	if !vanished {
		return
	}
	for i := range t.processes {
		if process := &t.processes[i]; process.expected != (ticks{}) {
			t.inherit(process)
		}
	}
	t.forgetVanished()
}

// inherit compares what a process has taken over with what was expected.
func (t *tree) inherit(process *treeProcess) {
	missing := process.expected.minus(process.reaped.minus(process.reapedBefore))
	if missing != (ticks{}) {
		// The children may have ended after the process was read.
		times, err := t.host.Processes.Times(process.pid)
		if err == nil && times.Start == process.start {
			process.reaped = process.reaped.max(ticks{times.ChildrenUser, times.ChildrenSystem})
		}
		missing = process.expected.minus(process.reaped.minus(process.reapedBefore))
	}
	t.lost = t.lost.plus(missing)
	process.expected = ticks{}
}

// heir returns the nearest parent that has not vanished.
func (t *tree) heir(pid int) (int, bool) {
	for range t.processes {
		i, known := t.index[pid]
		if !known || !t.processes[i].vanished {
			return i, known
		}
		pid = t.processes[i].parent
	}
	return 0, false
}

// forgetVanished removes processes that have ended. The root is not among them.
func (t *tree) forgetVanished() {
	kept := t.processes[:1]
	for i := 1; i < len(t.processes); i++ {
		process := t.processes[i]
		if process.vanished {
			delete(t.index, process.pid)
			continue
		}
		t.index[process.pid] = len(kept)
		kept = append(kept, process)
	}
	t.processes = kept
	t.release(t.reserved - max(len(kept)-1-ownProcesses, 0))
}

// release makes room for processes of all sandboxes.
func (t *tree) release(processes int) {
	if processes > 0 {
		t.host.release(processes)
		t.reserved -= processes
	}
}

// close forgets all processes.
func (t *tree) close() {
	t.release(t.reserved)
	t.processes, t.index = nil, nil
}
