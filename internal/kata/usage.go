package kata

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// usageReader reads the usage of a sandbox: on the host, and what the guest measures
// from the responses of the shim. It sends no requests.
type usageReader struct {
	reporter *usage.Reporter
	account  *guest.Account
	// fresh means that the account is about the pull in progress.
	fresh bool
	// measured is what is measured on the host, and measuredFor the facts from which
	// it was determined.
	measured    usage.Sandbox
	measuredFor *facts
}

// newUsageReader returns nil if usage is not reported.
func (r *Runtime) newUsageReader(created time.Time) *usageReader {
	reporter := usage.NewReporter(r.usage)
	if reporter == nil {
		return nil
	}
	return &usageReader{reporter: reporter, account: guest.NewAccount(r.capacity, created)}
}

// appendUsage appends the usage of the sandbox if it is due. Before the first
// connection, the process of the shim is unknown, unless connections are forbidden.
func (s *Sandbox) appendUsage(r *sandbox.Reading) {
	u := s.usage
	now := time.Now()
	if u == nil || !s.connected && s.runtime.mayConnect(s.directory) || !u.reporter.Due(now) || !s.Status().Pulled() {
		return
	}
	facts := s.facts.Load()
	if u.measuredFor != facts || u.measured.PID == 0 {
		u.measured, u.measuredFor = s.measuredOnHost(facts), facts
	}
	report := usage.Report{Sandbox: u.measured, Requested: limitsOf(facts.state.Requested)}
	if u.fresh {
		report.Workload = u.account.Workload()
		u.fresh = false
	}
	if s.start.IsZero() {
		s.start = s.identity.Created
	}
	if r.Start.IsZero() {
		r.Start = s.start
	}
	u.reporter.Append(r, &report, now)
}

// measuredOnHost returns what is measured on the host. The sandbox cgroup is used only
// if all of the sandbox is in it, which depends on Kata's option sandbox_cgroup_only.
// Otherwise it is the processes: the shim with all its descendants, and a hypervisor and
// a virtiofsd that are not among these.
func (s *Sandbox) measuredOnHost(facts *facts) usage.Sandbox {
	pid := s.peer
	if pid == 0 && !s.runtime.mayConnect(s.directory) {
		pid = s.runtime.visibleShim(s.directory)
	}
	measured := usage.Sandbox{
		PID: pid,
		Others: passive.Detached(s.runtime.roots.Processes, passive.Sandbox{
			Shim: pid, Hypervisor: facts.state.HypervisorPID, Virtiofsd: facts.state.Virtiofsd,
		}),
		SharedMemory: true,
	}
	if !facts.state.CgroupIsPartial {
		measured.Cgroup = facts.state.Cgroup
	}
	return measured
}

// defaultCPUPeriod is the kernel's default in microseconds.
const defaultCPUPeriod = 100_000

// limitsOf returns the limits that the kubelet requested for a pod.
func limitsOf(r kubepod.Resources) usage.Limits {
	period := r.CPUPeriod
	if period == 0 {
		period = defaultCPUPeriod
	}
	return usage.Limits{CPUs: float64(r.CPUQuota) / float64(period), Memory: r.Memory}
}

// capacityOf returns the capacity of the host. If it is unknown, only what is obviously
// wrong is rejected.
func capacityOf(processes host.Processes) guest.Host {
	capacity, err := processes.Capacity()
	if err != nil {
		return guest.Host{CPUs: maxCPUs}
	}
	return guest.Host{CPUs: capacity.CPUs, Memory: capacity.Memory}
}

// maxCPUs is more than any host has.
const maxCPUs = 1 << 13
