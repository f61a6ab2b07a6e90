package passive

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// process is one process, told from later ones with the same pid by its start.
// The zero value is none.
type process struct {
	pid   int
	start uint64
}

// find looks for a process that satisfies the condition among those with the
// pids.
func find(processes host.Processes, pids []int, wanted func(host.ProcessTimes) bool) process {
	for _, pid := range pids {
		if pid <= 0 {
			continue
		}
		times, err := processes.Times(pid)
		if err == nil && alive(times) && wanted(times) {
			return process{pid, times.Start}
		}
	}
	return process{}
}

// same tells whether what was read now is still about the process.
func (p process) same(times host.ProcessTimes, err error) bool {
	return err == nil && alive(times) && times.Start == p.start
}

func alive(times host.ProcessTimes) bool { return times.State != 'Z' && times.State != 'X' }

// monitors are how the names of virtual machine monitors begin. The kernel cuts
// names off after 15 bytes.
var monitors = []string{"qemu-", "cloud-hyperviso", "firecracker", "openvmm", "stratovirt"}

func isMonitor(times host.ProcessTimes) bool {
	for _, name := range monitors {
		if strings.HasPrefix(times.Name, name) {
			return true
		}
	}
	return false
}

func isVirtiofsd(times host.ProcessTimes) bool { return strings.HasPrefix(times.Name, "virtiofsd") }
