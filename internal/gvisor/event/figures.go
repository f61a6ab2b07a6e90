package event

import "time"

// Figures are the usage of a sandbox, according to the responses of one pull.
type Figures struct {
	// CPU is the accumulated CPU time of all containers, if HasCPU is set. Only
	// [Account.Reset] decreases it.
	CPU    time.Duration
	HasCPU bool
	// Memory is the memory of the sandbox in bytes; 0 if it is unknown, because not
	// all containers have responded, or are known.
	Memory uint64
	// Containers are those with any figures, in the order in which they became
	// known.
	Containers []ContainerFigures
	// Interfaces are the network interfaces that the sandbox has and that have ever
	// counted anything, without the loopback interface.
	Interfaces []InterfaceFigures
	// UnknownContainers counts the containers that are not known from files of the
	// host, and DroppedInterfaces the network interfaces that were dropped.
	UnknownContainers, DroppedInterfaces int
}

// ContainerFigures are the usage of one container.
type ContainerFigures struct {
	// ID is the container ID.
	ID string
	// CPU is the accumulated CPU time, if HasCPU is set. It never decreases.
	CPU    time.Duration
	HasCPU bool
	// Processes is the number of processes and threads, if HasProcesses is set.
	Processes    uint64
	HasProcesses bool
	// Memory is the memory in bytes if it was measured, which is only possible if
	// the sandbox has no other container; 0 if it was not.
	Memory uint64
}

// InterfaceFigures are the accumulated counters of one network interface. They are
// below 2⁶³ and never decrease.
type InterfaceFigures struct {
	Name                  string
	Received, Transmitted Traffic
}

// Traffic is what a network interface has received or transmitted.
type Traffic struct {
	Bytes, Packets, Errors, Dropped uint64
}

// Finish ends a pull and replaces the figures with those of the pull, reusing
// their memory.
func (a *Account) Finish(f *Figures) {
	*f = Figures{
		CPU: time.Duration(a.cpu), UnknownContainers: a.pull.unknown, DroppedInterfaces: a.pull.dropped,
		Containers: f.Containers[:0], Interfaces: f.Interfaces[:0],
	}
	current, responded := 0, 0
	for i := range a.containers {
		c := &a.containers[i]
		if !c.current {
			continue
		}
		current++
		if c.responded {
			responded++
		}
		f.HasCPU = f.HasCPU || c.hasCPU
		if c.responded || c.hasCPU {
			f.Containers = append(f.Containers, ContainerFigures{
				ID: c.id, CPU: time.Duration(c.cpu), HasCPU: c.hasCPU, Processes: c.processes, HasProcesses: c.responded,
			})
		}
	}
	if responded == current && !a.truncated && a.pull.unknown == 0 {
		f.Memory = a.pull.memory
		if current == 1 {
			f.Containers[0].Memory = f.Memory
		}
	}
	for i := range a.interfaces {
		if n := &a.interfaces[i]; n.present {
			f.Interfaces = append(f.Interfaces, InterfaceFigures{
				Name:        n.name,
				Received:    Traffic{n.total[0], n.total[1], n.total[2], n.total[3]},
				Transmitted: Traffic{n.total[4], n.total[5], n.total[6], n.total[7]},
			})
		}
	}
}
