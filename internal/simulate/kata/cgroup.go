package kata

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// UpdateCgroup updates the cgroup, if the pod has one and exists.
func (p *Pod) UpdateCgroup() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.removed {
		return nil
	}
	return p.writeCgroup()
}

// writeCgroup writes the usage of the pod. The caller holds the lock.
func (p *Pod) writeCgroup() error {
	if p.storage.Cgroups.Root == "" {
		return nil
	}
	elapsed := time.Since(p.created)
	memory := simulate.Motion{Kind: simulate.Wandering, Level: 160 << 20}.At(p.seed, 2, elapsed)
	return p.storage.Cgroups.Write(p.cgroupPath(), simulate.UsageAt(p.seed, elapsed, elapsed/8, memory))
}
