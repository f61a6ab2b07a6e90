package passive

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
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
