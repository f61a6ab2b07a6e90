package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const (
	// treeFigures are those that the process tree has. A tree is read only if the
	// cgroup lacks one of mainFigures.
	treeFigures = mainFigures | host.FigureProcesses
	mainFigures = host.FigureCPU | host.FigureMemory

	limitFigures = host.FigureCPULimit | host.FigureMemoryLimit | host.FigureProcessLimit
	// limitReadings is how often limits are read: with every tenth reading, because
	// they rarely change, and because those of all parents have to be read.
	limitReadings = 10
)

var (
	// ErrNoCgroup is returned for a sandbox without a cgroup path.
	ErrNoCgroup = errors.New("no cgroup path")
	// ErrNotMember is returned for a cgroup that the first process of the sandbox is
	// not in.
	ErrNotMember = errors.New("the sandbox is not in the cgroup")
)

// Sandbox is what a [Meter] measures.
type Sandbox struct {
	// Cgroup is the path of the cgroup in the notation of the runtime, or empty.
	Cgroup string
	// PID is the first process of the sandbox, or 0 if only the cgroup can be used.
	PID int
	// Start is when this process started, in ticks since boot. 0 means as found by
	// the first reading.
	Start uint64
	// Others are further processes that need not be descendants of the first one.
	// Unused elements are zero. If two sandboxes have the same one, it counts for
	// the first.
	Others [maxOthers]Process
	// SharedMemory means that the processes share much of their memory, as a virtual
	// machine and the daemons that serve it do.
	SharedMemory bool
	// MemoryFile is the name of the file that its first process has created with
	// memfd_create(2) for the memory of the workload, or empty.
	MemoryFile string
}

// maxOthers is the number of processes in Others.
const maxOthers = 2

// Process is a process, and when it started in ticks since boot.
type Process struct {
	PID   int
	Start uint64
}

// Meter measures one sandbox. Only one goroutine may use it at a time. It keeps no
// files open between readings.
type Meter struct {
	host    *Host
	sandbox Sandbox

	// group is nil as long as the cgroup has not been found, and member is whether
	// the process was found in it.
	group         *host.CgroupReader
	member        bool
	device, inode uint64
	tree          tree
	// claimed means that the first process is recorded as belonging to this sandbox.
	claimed bool

	// limits are kept of the last reading with limits, in which limitsWanted were
	// wanted.
	limits       host.CgroupUsage
	limitsWanted host.Figures
	limitsAge    int

	counters counters
}

// NewMeter returns a meter of a sandbox. It must be closed.
func NewMeter(h *Host, sandbox Sandbox) *Meter {
	m := &Meter{host: h, sandbox: sandbox, tree: tree{
		host: h, root: sandbox.PID, start: sandbox.Start, sharedMemory: sandbox.SharedMemory,
	}}
	if sandbox.PID != 0 {
		m.claimed = h.roots.Claim(m.root()) == nil
		m.claimOthers()
	}
	return m
}

// claimOthers claims the other processes, except for those that another sandbox has.
func (m *Meter) claimOthers() {
	for i, other := range m.sandbox.Others {
		if other.PID == 0 || m.host.roots.Claim(strconv.Itoa(other.PID)) != nil {
			continue
		}
		if m.host.roots.Shared(strconv.Itoa(other.PID)) {
			m.host.roots.Release(strconv.Itoa(other.PID))
			continue
		}
		m.tree.others[i] = other
	}
}

// root identifies the first process among those of all sandboxes.
func (m *Meter) root() string { return strconv.Itoa(m.sandbox.PID) }

// Close releases the cgroup and forgets the processes.
func (m *Meter) Close() {
	m.dropGroup()
	m.tree.close()
	if m.claimed {
		m.host.roots.Release(m.root())
		m.claimed = false
	}
	for i, other := range m.tree.others {
		if other.PID != 0 {
			m.host.roots.Release(strconv.Itoa(other.PID))
			m.tree.others[i] = Process{}
		}
	}
}

// Read measures the wanted figures. It fails if neither the cgroup nor the process
// tree can be read: with [host.ErrNoProcess] if the sandbox has ended, with
// [host.ErrHidden] if its processes are not visible.
func (m *Meter) Read(wanted host.Figures, footprint *Footprint) error {
	*footprint = Footprint{}
	footprint.CgroupErr = m.readCgroup(wanted, footprint)
	missing := wanted & mainFigures &^ footprint.Known
	err := footprint.CgroupErr
	if missing != 0 {
		err = m.readTree(wanted&treeFigures&^footprint.Known, footprint)
	}
	if err != nil && footprint.Known == 0 {
		return err
	}
	m.counters.accumulate(footprint)
	return nil
}

// readCgroup reads the cgroup if it can be used. Otherwise, it returns the reason.
func (m *Meter) readCgroup(wanted host.Figures, footprint *Footprint) error {
	if err := m.findGroup(); err != nil {
		return err
	}
	if m.host.Groups.Shared(m.group.Directory()) {
		return ErrShared
	}
	readLimits := m.limitsAge == 0 || wanted&limitFigures&^m.limitsWanted != 0
	figures := wanted
	if !readLimits {
		figures &^= limitFigures
	}
	err := m.group.Read(figures, &footprint.CgroupUsage)
	if errors.Is(err, fs.ErrNotExist) {
		m.dropGroup()
		return err
	}
	if m.inode != 0 && (footprint.Inode != m.inode || footprint.Device != m.device) {
		m.counters.restart()
		m.member = false
	}
	m.device, m.inode = footprint.Device, footprint.Inode
	if !m.member {
		if err := m.checkMember(); err != nil {
			m.dropGroup()
			footprint.CgroupUsage = host.CgroupUsage{}
			return err
		}
	}
	m.keepLimits(readLimits, wanted, &footprint.CgroupUsage)
	return err
}

// keepLimits stores limits that were read, or adds those that were not.
func (m *Meter) keepLimits(read bool, wanted host.Figures, usage *host.CgroupUsage) {
	if read {
		m.limits, m.limitsWanted, m.limitsAge = *usage, wanted&limitFigures, 0
	} else {
		usage.CPULimit, usage.MemoryLimit, usage.ProcessLimit = m.limits.CPULimit, m.limits.MemoryLimit, m.limits.ProcessLimit
		usage.Known |= m.limits.Known & wanted & limitFigures
	}
	m.limitsAge = (m.limitsAge + 1) % limitReadings
}

// findGroup finds the cgroup, checks that it belongs to the sandbox, and claims it.
func (m *Meter) findGroup() error {
	if m.group != nil {
		return nil
	}
	if m.sandbox.Cgroup == "" {
		return ErrNoCgroup
	}
	group, err := m.host.layout.Reader(m.sandbox.Cgroup)
	if err != nil {
		return err
	}
	m.group = group
	if err := m.checkMember(); err != nil {
		m.group = nil
		return err
	}
	if err := m.host.Groups.Claim(group.Directory()); err != nil {
		m.group = nil
		return err
	}
	m.limitsAge = 0
	return nil
}

// dropGroup forgets the cgroup and releases it.
func (m *Meter) dropGroup() {
	if m.group != nil {
		m.host.Groups.Release(m.group.Directory())
	}
	m.group, m.member = nil, false
}

// checkMember checks that the first process of the sandbox is in the cgroup: runsc
// with --ignore-cgroups does not use the cgroup of the spec, which can be that of
// other processes. A process that is not visible cannot be checked.
func (m *Meter) checkMember() error {
	pid := m.sandbox.PID
	if pid == 0 {
		m.member = true
		return nil
	}
	in, err := m.host.Processes.InCgroup(pid, m.group.Directory())
	if err == nil && !in {
		in, _ = m.group.Lists(pid)
	}
	switch {
	case err != nil && !errors.Is(m.tree.rootError(err), host.ErrHidden):
		return err
	case err == nil && !in:
		return fmt.Errorf("cgroup %q: %w", m.group.Directory(), ErrNotMember)
	}
	m.member = true
	return nil
}

// readTree adds the missing figures from the process tree.
func (m *Meter) readTree(missing host.Figures, footprint *Footprint) error {
	if m.sandbox.PID == 0 {
		if footprint.CgroupErr != nil {
			return footprint.CgroupErr
		}
		return fs.ErrNotExist
	}
	if m.host.roots.Shared(m.root()) {
		return ErrShared
	}
	usage, err := m.tree.read()
	if err != nil {
		return err
	}
	if missing.Has(host.FigureCPU) {
		footprint.User, footprint.System = host.Ticks(usage.cpu.user), host.Ticks(usage.cpu.system)
		footprint.CPU = footprint.User + footprint.System
	}
	if missing.Has(host.FigureMemory) {
		footprint.Memory = m.treeMemory(&usage)
	}
	if missing.Has(host.FigureProcesses) {
		footprint.Processes = usage.processes
	}
	footprint.Known |= missing
	footprint.FromProcesses = missing
	footprint.Truncated = usage.truncated
	return nil
}

// treeMemory returns the memory of the processes of a tree. Pages of a memory file need
// not be mapped by any process, and may be mapped by several, so they are counted in
// the file, and the others in the processes.
func (m *Meter) treeMemory(usage *treeUsage) uint64 {
	if m.sandbox.MemoryFile != "" {
		if size, err := m.host.Processes.MemoryFileSize(m.sandbox.PID, m.sandbox.MemoryFile); err == nil {
			return size + usage.private
		}
	}
	return usage.memory
}
