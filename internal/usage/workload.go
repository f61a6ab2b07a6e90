package usage

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Report is what a runtime knows about the usage of a sandbox at a point in time.
type Report struct {
	// Sandbox is what is measured on the host.
	Sandbox Sandbox
	// Requested are the limits that were requested.
	Requested Limits
	// Filestores are the files of the host in which the sandbox stores what its
	// containers write.
	Filestores []string
	// Workload is what the sandbox has measured itself, nil if that is not known.
	Workload *Workload
}

// Limits are the limits of a sandbox. A field is 0 if there is no limit.
type Limits struct {
	CPUs   float64
	Memory int64
}

// Workload is what a sandbox has measured itself, accumulated and verified.
type Workload struct {
	// CPU is the CPU time of all containers, if HasCPU is set.
	CPU    time.Duration
	HasCPU bool
	// Memory is in bytes, if HasMemory is set.
	Memory    uint64
	HasMemory bool
	// Processes is the number of processes and threads, if HasProcesses is set. It is not set for
	// a sandbox with several containers.
	Processes    uint64
	HasProcesses bool
	// Interfaces are the network interfaces to report.
	Interfaces []Interface
	// Containers are those with separate resources.
	Containers []Container
}

// Interface is a network interface with its counters.
type Interface struct {
	Name                  string
	Received, Transmitted Traffic
	// Uncounted means that errors and dropped packets are not counted.
	Uncounted bool
}

// Traffic is what a network interface has received or transmitted.
type Traffic struct{ Bytes, Packets, Errors, Dropped uint64 }

// Container is the usage of one container.
type Container struct {
	// Identity is its resource. The pointer identifies the container.
	Identity *sandbox.Identity
	// CPU and Processes are known if HasCPU and HasProcesses are set.
	CPU          time.Duration
	HasCPU       bool
	Processes    uint64
	HasProcesses bool
}
