package gvisor

import (
	"maps"
	"slices"
	"strings"
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

// newUsageRuntime returns a runtime that reports all usage, on a host without
// cgroups.
func newUsageRuntime(t *testing.T, config Config, naming sandbox.Naming) *Runtime {
	t.Helper()
	runtime, err := New(&config, sandbox.Settings{Naming: naming, Usage: sandbox.UsageSettings{
		Interval: time.Hour, CgroupRoot: t.TempDir(), Enabled: func(string) bool { return true },
	}}, zap.NewNop())
	require.NoError(t, err)
	return runtime
}

// turn pulls a sandbox and appends what is known without a pull. The pull must
// succeed.
func turn(t *testing.T, s *Sandbox, timeout time.Duration) *sandbox.Reading {
	t.Helper()
	r, err := pull(t, s, timeout)
	require.NoError(t, err)
	s.AppendInfo(r, true)
	r.Resource(nil)
	return r
}

// usageOf returns the values of the usage metrics by name and labels, for each
// resource. Its key is the container ID, empty for the sandbox itself.
func usageOf(r *sandbox.Reading) map[string]map[string]float64 {
	all := map[string]map[string]float64{}
	for part := range r.Parts {
		id := ""
		if part.Identity != nil {
			id = part.Identity.Container.ID
		}
		for i := range part.Points {
			p := &part.Points[i]
			name := p.Family.OTel.Name
			if !isUsage(name) {
				continue
			}
			for _, label := range p.Labels {
				name += " " + label
			}
			if all[id] == nil {
				all[id] = map[string]float64{}
			}
			all[id][name] = p.Value.AsFloat()
		}
	}
	return all
}

func isUsage(name string) bool {
	return strings.HasPrefix(name, "sandbox.") || strings.HasPrefix(name, "container.")
}

func TestUsageOfSandboxWithOneContainer(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newUsageRuntime(t, testConfig(fleet.RuntimeRoot()), sandbox.OTel)).get("web")
	r := turn(t, s, longTimeout)
	assert.Equal(t, sandbox.OK, r.Usage)
	assert.Equal(t, int64(2), simulated.Load().Calls, "a snapshot and the usage of one container")
	all := usageOf(r)
	assert.Equal(t, []string{""}, slices.Collect(maps.Keys(all)), "the sandbox itself is the only resource")
	got := all[""]
	// This process stands for that of the sandbox, and has no separate cgroup.
	for _, name := range []string{
		"sandbox.cpu.time user", "sandbox.cpu.time system", "sandbox.memory.usage", "sandbox.process.count",
		"sandbox.workload.cpu.time", "sandbox.workload.memory.usage", "sandbox.workload.process.count",
		"sandbox.cpu.limit requested", "sandbox.memory.limit requested", "sandbox.network.packets eth0 transmit",
	} {
		assert.Contains(t, got, name)
	}
	assert.NotContains(t, got, "sandbox.network.io lo receive")
	assert.NotContains(t, got, "sandbox.memory.limit enforced", "there is no cgroup")
	assert.Equal(t, got["sandbox.memory.usage"]-got["sandbox.workload.memory.usage"], got["sandbox.memory.overhead"])
	assert.InDelta(t, got["sandbox.cpu.time user"]+got["sandbox.cpu.time system"]-got["sandbox.workload.cpu.time"],
		got["sandbox.cpu.overhead_time"], 1e-6)

	assert.Empty(t, usageOf(turn(t, s, longTimeout)), "usage is not due again")
	assert.Equal(t, int64(3), simulated.Load().Calls)

	var ended sandbox.Reading
	s.AppendSeries(&ended)
	assert.Len(t, usageOf(&ended)[""], len(got), "each series of the usage ends")
}

func TestUsageOfContainers(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "pod", Pod: simulate.Containerd, Containers: 2})
	for _, naming := range sandbox.Namings {
		s := watch(t, newUsageRuntime(t, testConfig(fleet.RuntimeRoot()), naming)).get("pod")
		r := turn(t, s, longTimeout)
		all := usageOf(r)
		assert.ElementsMatch(t, []string{"", "pod-c0", "pod-c1"}, slices.Collect(maps.Keys(all)),
			"the root container only keeps the pod running")
		for _, id := range []string{"pod-c0", "pod-c1"} {
			assert.ElementsMatch(t, []string{"container.cpu.time", "sandbox.workload.process.count"}, slices.Collect(maps.Keys(all[id])),
				"memory is not measured for each container")
		}
		assert.NotContains(t, all[""], "sandbox.workload.process.count")
		assert.Positive(t, all[""]["sandbox.workload.memory.usage"])
		for part := range r.Parts {
			if id := part.Identity; id != nil && id.Container.ID == "pod-c1" {
				assert.Equal(t, "app1", id.Container.Name)
				assert.Equal(t, s.identity.Pod, id.Pod)
				assert.Contains(t, id.UpstreamLabels, sandbox.Attribute{Key: "container", Value: "app1"})
			}
		}
		var ended sandbox.Reading
		s.AppendSeries(&ended)
		assert.Equal(t, slices.Sorted(maps.Keys(all["pod-c1"])), slices.Sorted(maps.Keys(usageOf(&ended)["pod-c1"])))
	}
}

// TestUsageInGroups sends the request for a snapshot first and receives the usage as
// a further response.
func TestUsageInGroups(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Containers: 1})
	s := watch(t, newUsageRuntime(t, testConfig(fleet.RuntimeRoot()), sandbox.OTel)).get("web")
	turn(t, s, longTimeout)
	s.AppendSeries(new(sandbox.Reading)) // Usage is due again.
	s.usage.next = time.Time{}
	require.True(t, s.Send(t.Context()))
	r := new(sandbox.Reading)
	for i := range 3 {
		require.Eventually(t, s.Ready, longTimeout, time.Millisecond)
		require.NoError(t, s.Receive(r, nil))
		assert.Equal(t, i < 2, s.More(), "one snapshot and two containers")
	}
	s.AppendInfo(r, true)
	assert.Contains(t, usageOf(r)[""], "sandbox.workload.cpu.time")
}

func TestUsageIsNotRequestedIfDisabled(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	assert.Empty(t, usageOf(turn(t, s, longTimeout)))
	assert.Equal(t, int64(1), simulated.Load().Calls)
}

// TestFailedUsageDoesNotFailThePull checks that the snapshot and the figures of the
// host are reported, whatever the sandbox reports about its usage.
func TestFailedUsageDoesNotFailThePull(t *testing.T) {
	for mode, want := range map[simulate.Mode]sandbox.Outcome{
		simgvisor.UsageCPUJump: sandbox.Rejected, simgvisor.UsageMemory: sandbox.Rejected, simgvisor.UsageStall: sandbox.Timeout,
		simgvisor.UsageGarbage: sandbox.Malformed, simgvisor.UsageRefused: sandbox.Refused,
	} {
		t.Run(string(mode), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: mode})
			s := watch(t, newUsageRuntime(t, testConfig(fleet.RuntimeRoot()), sandbox.OTel)).get("web")
			timeout := longTimeout
			if want == sandbox.Timeout {
				timeout = time.Second
			}
			r := turn(t, s, timeout)
			assert.Equal(t, want, r.Usage)
			got := usageOf(r)[""]
			assert.Contains(t, got, "sandbox.cpu.time user")
			assert.NotContains(t, got, "sandbox.workload.cpu.time")
			assert.NotContains(t, got, "sandbox.memory.overhead")
			assert.Greater(t, len(r.Points), simgvisor.DefaultPoints)
			assert.Equal(t, want != sandbox.Refused, s.usage.failures > 0, "a refusal is not a failure")
			assert.False(t, s.More())
		})
	}
}

// TestUsageRequestPause checks when the next request is sent: not before 100 times as
// long as the sandbox took to respond, and later after each failure.
func TestUsageRequestPause(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newUsageRuntime(t, testConfig(fleet.RuntimeRoot()), sandbox.OTel)).get("web")
	rest := func(took time.Duration, err error) time.Duration {
		s.usage.began = time.Now().Add(-took)
		s.finishUsage(err, new(sandbox.Reading))
		return time.Until(s.usage.next)
	}
	assert.InDelta(t, 100*time.Minute, rest(time.Minute, nil), float64(time.Minute))
	assert.Less(t, rest(time.Microsecond, nil), time.Minute)
	failure := sandbox.Failf(sandbox.Timeout, "no response")
	assert.Greater(t, rest(0, failure), time.Hour-time.Minute, "with an interval of an hour")
	assert.InDelta(t, 200*time.Minute, rest(2*time.Minute, failure), float64(time.Minute))
	assert.Less(t, rest(0, nil), time.Minute, "a success ends the back-off")
	assert.Zero(t, s.usage.failures)
}

func TestUsageBackOffGrowsAndIsLimited(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	config := testConfig(fleet.RuntimeRoot())
	runtime, err := New(&config, sandbox.Settings{Naming: sandbox.OTel, Usage: sandbox.UsageSettings{
		Interval: 30 * time.Second, CgroupRoot: t.TempDir(), Enabled: func(string) bool { return true },
	}}, zap.NewNop())
	require.NoError(t, err)
	s := watch(t, runtime).get("web")
	var last time.Duration
	for range 20 {
		s.usage.began = time.Now()
		s.finishUsage(sandbox.Failf(sandbox.Malformed, "garbage"), new(sandbox.Reading))
		backOff := time.Until(s.usage.next)
		assert.GreaterOrEqual(t, backOff, last-time.Second)
		last = backOff
	}
	assert.InDelta(t, maxUsageBackOff, last, float64(time.Second))
}

func TestRootContainerComesFirst(t *testing.T) {
	record := record()
	record.ID = "m"
	for ids, want := range map[string]string{"m": "m", "am": "ma", "amz": "maz", "abm": "mab", "mz": "mz", "az": "az"} {
		record.Containers = nil
		for _, id := range ids {
			record.Containers = append(record.Containers, discovery.Container{ID: string(id)})
		}
		got := ""
		for _, c := range rootFirst(record) {
			got += c.ID
		}
		assert.Equal(t, want, got, ids)
		assert.Equal(t, string(ids[0]), record.Containers[0].ID, "the record does not change")
	}
}
