package kata

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestPassiveCollectionSendsNoRequest(t *testing.T) {
	for name, options := range map[string]simkata.Options{"Go": {}, "runtime-rs": {Rust: true}} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, options, func(c *Config) { c.Collection = guard.Passive })
			if s.Status().State != sandbox.Running || s.MinInterval() != 0 {
				t.Errorf("got state %s, minimum interval %v; want %s, 0", s.Status().State, s.MinInterval(), sandbox.Running)
			}
			for range 3 {
				r, err := pull(t, s.Sandbox)
				if err != nil || !hasFamily(r, "kata.shim.thread.count") || hasFamily(r, "kata.guest.cpu.time") {
					t.Errorf("got error %v, families %q; want those of the host only", err, familiesOf(r))
				}
				if r.ResponseSize != 0 || !r.Start.Before(time.Now().Add(-time.Millisecond)) {
					t.Errorf("got response size %d, start %v", r.ResponseSize, r.Start)
				}
			}
			if load := s.pod.Load(); load.Calls != 0 || load.Forbidden != 0 {
				t.Errorf("got load %+v, want no requests", load)
			}
		})
	}
}

// If neither processes nor cgroups are visible, the error states why the shim was
// not contacted.
func TestNothingVisibleOnHost(t *testing.T) {
	s := newSimulated(t, simkata.Options{Rust: true, Hypervisor: "qemu"})
	s.runtime.roots.Processes.Root, s.runtime.roots.Cgroups.Root = t.TempDir(), t.TempDir()
	r, err := pull(t, s.Sandbox)
	if sandbox.OutcomeOf(err) != sandbox.Unsafe || len(r.Points) != 0 || !strings.Contains(err.Error(), "unsafe_hypervisor") {
		t.Errorf("got error %v, families %q", err, familiesOf(r))
	}
	if s.pod.Load().Calls != 0 || s.pod.Crashed() {
		t.Error("the shim received a request")
	}
}

// The cgroup can be read even if processes are not visible.
func TestOnlyCgroupVisibleOnHost(t *testing.T) {
	cgroups := t.TempDir()
	s := newSimulated(t, simkata.Options{Rust: true, Hypervisor: "qemu"})
	s.runtime.roots.Processes.Root, s.runtime.roots.Cgroups.Root = t.TempDir(), cgroups
	cgroup := filepath.Join(cgroups, s.facts.Load().state.Cgroup)
	write(t, filepath.Join(cgroups, "cgroup.controllers"), "cpu memory\n")
	write(t, filepath.Join(cgroup, "memory.current"), "4096\n")
	write(t, filepath.Join(cgroup, "cpu.stat"), "usage_usec 3\nuser_usec 2000000\nsystem_usec 1000000\n")
	r, err := pull(t, s.Sandbox)
	if err != nil || !hasFamily(r, "kata.cgroup.memory.usage") || !hasFamily(r, "kata.cgroup.cpu.time") {
		t.Errorf("got error %v, families %q", err, familiesOf(r))
	}
	if s.pod.Crashed() {
		t.Error("the shim received a request")
	}
}
