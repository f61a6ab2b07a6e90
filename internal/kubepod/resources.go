package kubepod

import "strconv"

// Resources are requested limits. A field is 0 if there is no limit.
type Resources struct {
	// CPUQuota is the CPU time per CPUPeriod, both in microseconds.
	CPUQuota, CPUPeriod int64
	// CPUShares is the relative weight of the CPU controller of cgroup v1.
	CPUShares int64
	// Memory is in bytes.
	Memory int64
}

// resources returns the sums over all containers of the pod, which the kubelet
// calculates and containerd writes on the sandbox container:
//
//	"io.kubernetes.cri.sandbox-cpu-period": "100000",
//	"io.kubernetes.cri.sandbox-cpu-quota": "50000",
//	"io.kubernetes.cri.sandbox-cpu-shares": "512",
//	"io.kubernetes.cri.sandbox-memory": "268435456"
//
// Containers without a limit count as 0, so the sum does not limit the pod if there are
// any.
func (c *claim) resources() Resources {
	return Resources{
		CPUQuota: limit(c.cpuQuota), CPUPeriod: limit(c.cpuPeriod),
		CPUShares: limit(c.cpuShares), Memory: limit(c.memory),
	}
}

// limit parses a limit. It returns 0 for text that is not a positive number.
func limit(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return max(value, 0)
}
