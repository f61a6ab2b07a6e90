package passive

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// process identifies a process. Its start time distinguishes it from later
// processes with the same PID. The zero value means that there is none.
type process struct {
	pid   int
	start uint64
}

// find returns the first process among the PIDs that satisfies the condition, or
// the zero value.
func find(processes host.Processes, pids []int, condition func(host.ProcessTimes) bool) process {
	for _, pid := range pids {
		if pid <= 0 {
			continue
		}
		times, err := processes.Times(pid)
		if err == nil && alive(times) && condition(times) {
			return process{pid, times.Start}
		}
	}
	return process{}
}

// matches reports whether the result of reading the times of the PID is from
// this process, and the process is alive.
func (p process) matches(times host.ProcessTimes, err error) bool {
	return err == nil && alive(times) && times.Start == p.start
}

// alive reports whether a process is neither a zombie nor dead.
func alive(times host.ProcessTimes) bool { return times.State != 'Z' && times.State != 'X' }

// Detached returns the hypervisor and virtiofsd that a state file names, if they belong
// to the shim but are not its children: the Go runtime starts some hypervisors as
// daemons, which the init process adopts. The state file may be outdated, so a process
// must have the right name, must not have started before the shim, and must not be the
// child of another shim. Elements without a process are zero.
func Detached(processes host.Processes, sandbox Sandbox) (detached [2]usage.Process) {
	if sandbox.Shim <= 0 {
		return detached
	}
	shim, err := processes.Times(sandbox.Shim)
	if err != nil {
		return detached
	}
	for i, candidate := range [...]struct {
		pid     int
		hasName func(host.ProcessTimes) bool
	}{{sandbox.Hypervisor, isHypervisor}, {sandbox.Virtiofsd, isVirtiofsd}} {
		found := find(processes, []int{candidate.pid}, func(times host.ProcessTimes) bool {
			return candidate.hasName(times) && times.Start >= shim.Start &&
				times.Parent != sandbox.Shim && !isShim(processes, times.Parent)
		})
		detached[i] = usage.Process{PID: found.pid, Start: found.start}
	}
	return detached
}

// isShim reports whether a process is a shim of containerd.
func isShim(processes host.Processes, pid int) bool {
	times, err := processes.Times(pid)
	return err == nil && strings.HasPrefix(times.Name, "containerd-shim")
}

// hypervisorPrefixes are prefixes of the process names of hypervisors.
// The kernel truncates process names to 15 bytes.
var hypervisorPrefixes = []string{"qemu-", "cloud-hyperviso", "firecracker", "openvmm", "stratovirt"}

func isHypervisor(times host.ProcessTimes) bool {
	for _, prefix := range hypervisorPrefixes {
		if strings.HasPrefix(times.Name, prefix) {
			return true
		}
	}
	return false
}

func isVirtiofsd(times host.ProcessTimes) bool { return strings.HasPrefix(times.Name, "virtiofsd") }
