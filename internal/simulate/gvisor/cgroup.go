package gvisor

import (
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// cgroup returns the path of the sandbox's cgroup, relative to the root.
func (s *Sandbox) cgroup() string {
	if s.pod.Style == simulate.NoPod {
		return "sandboxes/" + s.options.ID
	}
	return strings.TrimPrefix(s.pod.CgroupPath(s.options.ID), "/")
}

// UpdateCgroup updates the cgroup, if the sandbox has one and is running.
func (s *Sandbox) UpdateCgroup() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil || s.instance.state.Status != "running" {
		return nil
	}
	return s.writeCgroup()
}

// writeCgroup writes the usage of the sandbox on the host, which is independent of its
// responses.
// The caller holds the lock.
func (s *Sandbox) writeCgroup() error {
	if s.root.Cgroups.Root == "" {
		return nil
	}
	i := s.instance
	plan := i.honestUsage(time.Now())
	var cpu time.Duration
	for index := range 1 + s.options.Containers {
		cpu += time.Duration(i.cpuMilliseconds(index, &plan)) * time.Millisecond //nolint:gosec // far below the maximum
	}
	return s.root.Cgroups.Write(s.cgroup(), simulate.UsageAt(i.seed, plan.elapsed, cpu, plan.memory))
}
