package gvisor

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// newRuntimeWithCgroups returns a runtime that reports all usage.
func newRuntimeWithCgroups(t *testing.T, root, cgroups string) *Runtime {
	t.Helper()
	config := testConfig(root)
	runtime, err := New(&config, sandbox.Settings{Naming: sandbox.OTel, Usage: sandbox.UsageSettings{
		Interval: 30 * time.Second, CgroupRoot: cgroups, Enabled: func(string) bool { return true },
	}}, zap.NewNop())
	require.NoError(t, err)
	return runtime
}

// pointsOfUsage pulls a sandbox and returns the number of points of each family of usage.
func pointsOfUsage(t *testing.T, s *Sandbox, timeout time.Duration) map[string]int {
	t.Helper()
	r, err := pull(t, s, timeout)
	require.NoError(t, err)
	s.AppendInfo(r, true)
	return pointsIn(r)
}

// pointsIn returns the number of points of each family.
func pointsIn(r *sandbox.Reading) map[string]int {
	points := map[string]int{}
	for part := range r.Parts {
		for i := range part.Points {
			points[sandbox.OTel.Of(part.Points[i].Family).Name]++
		}
	}
	return points
}

// TestHostileUsage checks what is reported about the usage of sandboxes whose clock or
// responses are wrong: nothing that is not verified, and everything that is.
func TestHostileUsage(t *testing.T) {
	for mode, reported := range map[simulate.Mode]bool{
		"":                               true,
		simgvisor.CreatedAhead:           true,
		simgvisor.UsageUnknownContainers: true,
		simgvisor.UsageCPUJump:           false,
		simgvisor.UsageMemory:            false,
		simgvisor.UsageManyInterfaces:    false,
		simgvisor.UsageRefused:           false,
		simgvisor.UsageStall:             false,
		simgvisor.UsageGarbage:           false,
		simgvisor.UsageStallMidway:       false,
		simgvisor.UsageTrickle:           false,
	} {
		t.Run(string(mode), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: mode})
			s := watch(t, newRuntimeWithCgroups(t, fleet.RuntimeRoot(), t.TempDir())).get("web")
			timeout := longTimeout
			switch mode {
			case simgvisor.UsageStall, simgvisor.UsageStallMidway, simgvisor.UsageTrickle:
				timeout = shortTimeout
			}
			points := pointsOfUsage(t, s, timeout)
			assert.Equal(t, reported, points["sandbox.workload.cpu.time"] > 0, "%v", points)
			assert.False(t, s.More(), "no connection remains open")
		})
	}
}

// TestStartOf checks that the time since the start, which limits the
// first CPU time, does not depend on later changes of the clock.
func TestStartOf(t *testing.T) {
	now := time.Now()
	record := &discovery.Sandbox{Started: now.Add(-time.Hour).Round(0)}
	assert.Equal(t, time.Hour, now.Sub(startOf(record, now)))
	assert.Contains(t, startOf(record, now).String(), "m=", "the monotonic clock is used")
	record.Started = now.Add(time.Hour)
	assert.True(t, startOf(record, now).IsZero())
}

// TestStartAhead covers a sandbox that used much CPU time before the clock of the
// host was set back: it counts, because how long it ran is unknown.
func TestStartAhead(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.UsageCPUJump})
	s := watch(t, newRuntimeWithCgroups(t, fleet.RuntimeRoot(), t.TempDir())).get("web")
	changeRecord(s, func(record *discovery.Sandbox) { record.Started = time.Now().Add(time.Hour) })
	assert.Positive(t, pointsOfUsage(t, s, longTimeout)["sandbox.workload.cpu.time"])
}

// TestStoppedSandboxReleasesCgroup covers a state file that remains after its sandbox
// was killed: the next sandbox in the same cgroup is measured.
func TestStoppedSandboxReleasesCgroup(t *testing.T) {
	cgroups := simulate.CgroupTree{Root: t.TempDir()}
	require.NoError(t, cgroups.Init())
	require.NoError(t, cgroups.Write("pod", simulate.CgroupUsage{User: time.Second, Memory: 1 << 20}))
	fleet := newFleet(t, simfleet.Options{})
	runtime := newRuntimeWithCgroups(t, fleet.RuntimeRoot(), cgroups.Root)
	// Without a process, the cgroup is not checked.
	runtime.config.VerifyPeer = false
	r := watch(t, runtime)
	var sandboxes []*Sandbox
	for _, id := range []string{"first", "second"} {
		addGVisor(t, fleet, simgvisor.Options{ID: id})
		s := r.get(id)
		changeRecord(s, func(record *discovery.Sandbox) { record.Cgroup = "/pod" })
		sandboxes = append(sandboxes, s)
	}
	first, second := sandboxes[0], sandboxes[1]
	assert.Positive(t, pointsOfUsage(t, first, longTimeout)["sandbox.cpu.time"])
	changeRecord(first, func(record *discovery.Sandbox) { record.Exited = true })
	exit := first.Exit(time.Now())
	assert.True(t, exit.Known.Has(sandbox.ExitCPU), "the last reading comes first")
	first.AppendInfo(sandbox.NewReading(), false)
	assert.Positive(t, pointsOfUsage(t, second, longTimeout)["sandbox.cpu.time"])
}

// TestProcessOfAnotherPIDNamespace covers a receiver in a container with a separate
// PID namespace: a process there that has the recorded ID by chance is not measured.
func TestProcessOfAnotherPIDNamespace(t *testing.T) {
	for name, test := range map[string]struct {
		argument string
		want     bool
	}{
		"named":   {"web", true},
		"unnamed": {"other", false},
	} {
		t.Run(name, func(t *testing.T) {
			process := exec.Command("sh", "-c", "read _", test.argument)
			input, err := process.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, process.Start())
			defer func() {
				assert.NoError(t, input.Close())
				_ = process.Wait()
			}()
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web"})
			runtime := newRuntimeWithCgroups(t, fleet.RuntimeRoot(), t.TempDir())
			runtime.ownProcessesOnly = true
			s := watch(t, runtime).get("web")
			changeRecord(s, func(record *discovery.Sandbox) { record.PID, record.Unseen = process.Process.Pid, false })
			r := sandbox.NewReading()
			s.AppendInfo(r, false)
			assert.Equal(t, test.want, pointsIn(r)["sandbox.cpu.time"] > 0)
		})
	}
}
