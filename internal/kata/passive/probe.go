package passive

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

// Roots are the mounts from which processes and cgroups are read.
type Roots struct {
	Processes host.Processes
	Cgroups   host.Cgroups
}

// Sandbox describes the sandbox that a [Probe] measures.
type Sandbox struct {
	Flavor catalog.Flavor
	// Shim is the PID of the shim. Hypervisor and Virtiofsd are PIDs from a state
	// file, which may be outdated. 0 means unknown.
	Shim, Hypervisor, Virtiofsd int
	// Cgroup is the path of the cgroup, in the notation of the runtime.
	Cgroup string
}

// Probe measures one sandbox. Only one goroutine may use it at a time.
type Probe struct {
	roots   Roots
	sandbox Sandbox

	shim, hypervisor, virtiofsd process
	// shimSeen is whether the process of the shim was found, and start is when
	// the shim started.
	shimSeen bool
	start    time.Time
	samples  []reader.Sample
}

// NewProbe returns a probe of a sandbox.
func NewProbe(roots Roots, sandbox Sandbox) *Probe {
	p := &Probe{roots: roots, sandbox: sandbox}
	p.shim = find(roots.Processes, []int{sandbox.Shim}, func(host.ProcessTimes) bool { return true })
	if p.shimSeen = p.shim != (process{}); p.shimSeen {
		// This is read only once, because the result changes whenever the
		// host's clock is set.
		p.start, _ = roots.Processes.StartTime(p.shim.start)
	}
	return p
}

// ShimExited reports whether the shim was running when the probe was created and
// has exited since, as of the last call of Read.
func (p *Probe) ShimExited() bool { return p.shimSeen && p.shim == (process{}) }

// Start returns when the shim started, or the zero time if that is unknown.
func (p *Probe) Start() time.Time { return p.start }

// Read returns all samples that are available. They are valid until the next
// call.
func (p *Probe) Read() []reader.Sample {
	p.samples = p.samples[:0]
	shim := goShim
	if p.sandbox.Flavor == catalog.Rust {
		shim = rustShim
	}
	p.readProcess(&p.shim, shim)
	p.findProcesses()
	if p.readProcess(&p.hypervisor, hypervisor) {
		p.readInterfaces()
	}
	p.readProcess(&p.virtiofsd, virtiofsd)
	p.readCgroup()
	return p.samples
}

// findProcesses searches for the hypervisor and for virtiofsd as long as they are
// unknown. The shim starts them, so they can appear later.
func (p *Probe) findProcesses() {
	if p.hypervisor != (process{}) && p.virtiofsd != (process{}) {
		return
	}
	var children []int
	if p.shim != (process{}) {
		children, _ = p.roots.Processes.Children(p.shim.pid)
	}
	if p.hypervisor == (process{}) {
		p.hypervisor = find(p.roots.Processes, append([]int{p.sandbox.Hypervisor}, children...), isHypervisor)
	}
	if p.virtiofsd == (process{}) {
		p.virtiofsd = find(p.roots.Processes, append([]int{p.sandbox.Virtiofsd}, children...), isVirtiofsd)
	}
}

func (p *Probe) add(family, item, label string, value float64) {
	p.samples = append(p.samples, reader.Sample{Family: family, Item: item, Label: label, Value: value})
}

// readProcess adds the samples of one process and reports whether it is alive.
// It resets a process that has exited to the zero value.
func (p *Probe) readProcess(proc *process, names names) bool {
	if *proc == (process{}) {
		return false
	}
	times, err := p.roots.Processes.Times(proc.pid)
	if !proc.matches(times, err) {
		*proc = process{}
		return false
	}
	p.add(names.threads, "", "", float64(times.Threads))
	if count, err := p.roots.Processes.OpenFiles(proc.pid); err == nil {
		p.add(names.files, "", "", float64(count))
	}
	p.add(names.stat, "utime", "", float64(times.User))
	p.add(names.stat, "stime", "", float64(times.System))
	p.add(names.stat, "cutime", "", float64(times.ChildrenUser))
	p.add(names.stat, "cstime", "", float64(times.ChildrenSystem))
	// These files require more privileges than the others. Without them, their
	// samples are missing.
	_ = p.roots.Processes.Status(proc.pid, func(name []byte, value uint64) {
		if item, found := sizeItems[string(name)]; found {
			p.add(names.status, item, "", float64(value)*names.unitsPerKiB)
		} else if item, found := switchItems[string(name)]; found {
			p.add(names.status, item, "", float64(value))
		}
	})
	_ = p.roots.Processes.IO(proc.pid, func(name []byte, value uint64) {
		if item, found := names.ioItems[string(name)]; found {
			p.add(names.io, item, "", float64(value))
		}
	})
	return true
}

// readInterfaces adds the samples of the network namespace of the hypervisor,
// which is the one of the pod.
func (p *Probe) readInterfaces() {
	interfaces, _ := p.roots.Processes.Interfaces(p.hypervisor.pid)
	for _, column := range columns {
		for i := range interfaces {
			p.add("kata_hypervisor_netdev", column.item, interfaces[i].Name, float64(column.value(&interfaces[i])))
		}
	}
}

const cgroupFigures = host.FigureCPU | host.FigureThrottled | host.FigureCPULimit |
	host.FigureMemory | host.FigureMemoryLimit | host.FigureOOMKills

// readCgroup adds the samples of the cgroup.
func (p *Probe) readCgroup() {
	if p.sandbox.Cgroup == "" {
		return
	}
	group, err := p.roots.Cgroups.Layout().Reader(p.sandbox.Cgroup)
	if err != nil {
		return
	}
	var usage host.CgroupUsage
	// Without some figures, the others are still valid.
	_ = group.Read(cgroupFigures, &usage)
	addIf := func(figure host.Figures, family, item string, value float64) {
		if usage.Known.Has(figure) {
			p.add(family, item, "", value)
		}
	}
	addIf(host.FigureCPU, "kata_cgroup_cpu", "user", usage.User.Seconds())
	addIf(host.FigureCPU, "kata_cgroup_cpu", "system", usage.System.Seconds())
	addIf(host.FigureThrottled, "kata_cgroup_cpu", "throttled", usage.Throttled.Seconds())
	addIf(host.FigureCPULimit, "kata_cgroup_cpu", "limit", usage.CPULimit)
	addIf(host.FigureMemory, "kata_cgroup_memory", "usage", float64(usage.Memory))
	addIf(host.FigureMemoryLimit, "kata_cgroup_memory", "limit", float64(usage.MemoryLimit))
	addIf(host.FigureOOMKills, "kata_cgroup_memory", "oom_kills", float64(usage.OOMKills))
}
