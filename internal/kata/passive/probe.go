package passive

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

// Roots are where the kernel tells about processes and control groups.
type Roots struct {
	Processes host.Processes
	Cgroups   host.Cgroups
}

// Subject is the sandbox that is read about.
type Subject struct {
	Flavor catalog.Flavor
	// Shim is the pid of the shim; VMM and Virtiofsd are pids from a state
	// file, which may be outdated. 0 is unknown.
	Shim, VMM, Virtiofsd int
	// Cgroup is the path of the control group, as the runtime spells it.
	Cgroup string
}

// Probe reads about one sandbox. It belongs to one goroutine at a time.
type Probe struct {
	roots   Roots
	subject Subject

	shim, monitor, virtiofsd process
	// seen: the shim was there once, and began at start.
	seen    bool
	start   time.Time
	samples []reader.Sample
}

// NewProbe begins to read about a sandbox.
func NewProbe(roots Roots, subject Subject) *Probe {
	p := &Probe{roots: roots, subject: subject}
	p.shim = find(roots.Processes, []int{subject.Shim}, func(host.ProcessTimes) bool { return true })
	if p.seen = p.shim != (process{}); p.seen {
		// Only once, because the clock of this moves when the host's is set.
		p.start, _ = roots.Processes.StartTime(p.shim.start)
	}
	return p
}

// ShimGone tells whether the shim was there once and is no more.
func (p *Probe) ShimGone() bool { return p.seen && p.shim == (process{}) }

// Start is when the shim started, zero if that cannot be known.
func (p *Probe) Start() time.Time { return p.start }

// Read takes all samples that can be had. They hold until the next call.
func (p *Probe) Read() []reader.Sample {
	p.samples = p.samples[:0]
	shim := goShim
	if p.subject.Flavor == catalog.Rust {
		shim = rustShim
	}
	p.readProcess(&p.shim, shim)
	p.lookForOthers()
	if p.readProcess(&p.monitor, hypervisor) {
		p.readInterfaces()
	}
	p.readProcess(&p.virtiofsd, virtiofsd)
	p.readCgroup()
	return p.samples
}

// lookForOthers looks for the virtual machine monitor and virtiofsd where they
// are not known: the shim starts them, and they may start later than it.
func (p *Probe) lookForOthers() {
	if p.monitor != (process{}) && p.virtiofsd != (process{}) {
		return
	}
	var children []int
	if p.shim != (process{}) {
		children, _ = p.roots.Processes.Children(p.shim.pid)
	}
	if p.monitor == (process{}) {
		p.monitor = find(p.roots.Processes, append([]int{p.subject.VMM}, children...), isMonitor)
	}
	if p.virtiofsd == (process{}) {
		p.virtiofsd = find(p.roots.Processes, append([]int{p.subject.Virtiofsd}, children...), isVirtiofsd)
	}
}

func (p *Probe) add(family, item, label string, value float64) {
	p.samples = append(p.samples, reader.Sample{Family: family, Item: item, Label: label, Value: value})
}

// readProcess takes the samples of one process, and tells whether it is there.
// A process that is gone is forgotten.
func (p *Probe) readProcess(one *process, names names) bool {
	if *one == (process{}) {
		return false
	}
	times, err := p.roots.Processes.Times(one.pid)
	if !one.same(times, err) {
		*one = process{}
		return false
	}
	p.add(names.threads, "", "", float64(times.Threads))
	if count, err := p.roots.Processes.OpenFiles(one.pid); err == nil {
		p.add(names.files, "", "", float64(count))
	}
	p.add(names.stat, "utime", "", float64(times.User))
	p.add(names.stat, "stime", "", float64(times.System))
	p.add(names.stat, "cutime", "", float64(times.ChildrenUser))
	p.add(names.stat, "cstime", "", float64(times.ChildrenSystem))
	// These need more rights than the rest; without them, they are missing.
	_ = p.roots.Processes.Status(one.pid, func(name []byte, value uint64) {
		if item, found := sizes[string(name)]; found {
			p.add(names.status, item, "", float64(value)*names.size)
		} else if item, found := switches[string(name)]; found {
			p.add(names.status, item, "", float64(value))
		}
	})
	_ = p.roots.Processes.IO(one.pid, func(name []byte, value uint64) {
		if item, found := names.ioItems[string(name)]; found {
			p.add(names.io, item, "", float64(value))
		}
	})
	return true
}

// readInterfaces takes the samples of the network namespace that the virtual
// machine monitor is in, which is that of the pod.
func (p *Probe) readInterfaces() {
	interfaces, _ := p.roots.Processes.Interfaces(p.monitor.pid)
	for _, column := range columns {
		for i := range interfaces {
			p.add("kata_hypervisor_netdev", column.item, interfaces[i].Name, float64(column.of(&interfaces[i])))
		}
	}
}

func (p *Probe) readCgroup() {
	if p.subject.Cgroup == "" {
		return
	}
	group, err := p.roots.Cgroups.Find(p.subject.Cgroup)
	if err != nil {
		return
	}
	if cpu, err := group.CPU(); err == nil {
		p.add("kata_cgroup_cpu", "user", "", cpu.User.Seconds())
		p.add("kata_cgroup_cpu", "system", "", cpu.System.Seconds())
		p.add("kata_cgroup_cpu", "throttled", "", cpu.Throttled.Seconds())
		if cpu.Limit > 0 {
			p.add("kata_cgroup_cpu", "limit", "", cpu.Limit)
		}
	}
	if memory, err := group.Memory(); err == nil {
		p.add("kata_cgroup_memory", "usage", "", float64(memory.Usage))
		if memory.Limit > 0 {
			p.add("kata_cgroup_memory", "limit", "", float64(memory.Limit))
		}
		p.add("kata_cgroup_memory", "oom_kills", "", float64(memory.OOMKills))
	}
}
