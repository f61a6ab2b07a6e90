package discovery

import (
	"math"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

// Limits are requested limits. A field is 0 if there is no limit.
type Limits struct {
	// CPUs is the number of CPUs.
	CPUs float64
	// CPUShares is the relative weight of the CPU controller of cgroup v1.
	CPUShares int64
	// Memory is in bytes.
	Memory int64
	// Processes is the maximum number of processes.
	Processes int64
}

// limitsOfSpec returns the limits in the spec of a container.
func limitsOfSpec(r statefile.Resources) Limits {
	return Limits{CPUs: cpus(r.CPUQuota, r.CPUPeriod), CPUShares: r.CPUShares, Memory: r.Memory, Processes: r.Processes}
}

// limitsOfPod returns the limits that the kubelet requested for a pod.
func limitsOfPod(r kubepod.Resources) Limits {
	return Limits{CPUs: cpus(r.CPUQuota, r.CPUPeriod), CPUShares: r.CPUShares, Memory: r.Memory}
}

// defaultCPUPeriod is the kernel's default in microseconds.
const defaultCPUPeriod = 100_000

func cpus(quota, period int64) float64 {
	if period == 0 {
		period = defaultCPUPeriod
	}
	return float64(quota) / float64(period)
}

// requested returns the limits of the whole sandbox. Outside of pods, these are the ones
// of the root container, because runsc applies only these to the sandbox.
//
// In a pod, the root container only holds the sandbox, and the others have the limits.
// The sandbox as a whole has none if one of them has none. Otherwise it is what the
// kubelet requested for the pod, which includes containers that do not exist yet or
// no longer exist, and the sum over the containers if that is unknown.
func (g *group) requested(root *containerState) Limits {
	if !root.sandbox.InPod {
		return root.limits
	}
	var sum Limits
	unlimited := [4]bool{}
	for i := range g.containers {
		if c := &g.containers[i]; c.sandbox == nil {
			unlimited[0] = unlimited[0] || c.limits.CPUs == 0
			unlimited[1] = unlimited[1] || c.limits.CPUShares == 0
			unlimited[2] = unlimited[2] || c.limits.Memory == 0
			unlimited[3] = unlimited[3] || c.limits.Processes == 0
			sum.CPUs += c.limits.CPUs
			sum.CPUShares = add(sum.CPUShares, c.limits.CPUShares)
			sum.Memory = add(sum.Memory, c.limits.Memory)
			sum.Processes = add(sum.Processes, c.limits.Processes)
		}
	}
	return Limits{
		CPUs:      choose(unlimited[0], root.podLimits.CPUs, sum.CPUs),
		CPUShares: choose(unlimited[1], root.podLimits.CPUShares, sum.CPUShares),
		Memory:    choose(unlimited[2], root.podLimits.Memory, sum.Memory),
		Processes: choose(unlimited[3], root.podLimits.Processes, sum.Processes),
	}
}

// choose returns the limit of a pod: none, the one of the pod, or the sum.
func choose[T int64 | float64](unlimited bool, pod, sum T) T {
	switch {
	case unlimited:
		return 0
	case pod != 0:
		return pod
	}
	return sum
}

// add adds two limits. A sum that is too large for the type is the largest value.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
