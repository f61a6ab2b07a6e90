package kata

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// measuredPod is a simulated pod on a host whose processes and cgroups are files. The
// process of its shim is this one.
type measuredPod struct {
	simulatedSandbox
	t            *testing.T
	proc, cgroup string
}

// PIDs of the other processes of the host.
const (
	hypervisorPID = 1<<22 - 1
	virtiofsdPID  = 1<<22 - 2
)

// newMeasuredPod creates a pod whose usage is read with each pull.
func newMeasuredPod(t *testing.T, options simkata.Options, configure ...func(*Config)) *measuredPod {
	t.Helper()
	configure = append(configure, func(c *Config) { c.Families = reader.NoFamilies })
	p := &measuredPod{simulatedSandbox: newSimulated(t, options, configure...), t: t, proc: t.TempDir(), cgroup: t.TempDir()}
	write(t, filepath.Join(p.proc, "stat"), "cpu 1 2 3\ncpu0 1 2 3\nbtime 1795167090\n")
	write(t, filepath.Join(p.cgroup, "cgroup.controllers"), "cpu memory\n")
	p.runtime.roots.Processes, p.runtime.roots.Cgroups = host.Processes{Root: p.proc}, host.Cgroups{Root: p.cgroup}
	p.runtime.usage = usage.NewSettings(sandbox.UsageSettings{
		Interval: time.Nanosecond, CgroupRoot: p.cgroup, Enabled: func(string) bool { return true },
	}, p.runtime.roots.Processes)
	p.runtime.capacity = guest.Host{CPUs: 1 << 10, Memory: 1 << 50}
	p.usage = p.runtime.newUsageReader(p.created.Add(-24 * time.Hour))
	return p
}

// run creates a process with a number of ticks and pages, of which half are shared.
func (p *measuredPod) run(pid, parent, start int, name, cgroup string, ticks, pages int) {
	p.t.Helper()
	directory := filepath.Join(p.proc, fmt.Sprint(pid))
	write(p.t, filepath.Join(directory, "stat"), fmt.Sprintf(
		"%d (%s) S %d 1 1 0 -1 0 0 0 0 0 %d 0 0 0 20 0 1 0 %d 0 0\n", pid, name, parent, ticks, start))
	write(p.t, filepath.Join(directory, "statm"), fmt.Sprintf("%d %d %d 0 0 0 0\n", 2*pages, pages, pages/2))
	write(p.t, filepath.Join(directory, "cgroup"), "0::"+cgroup+"\n")
	write(p.t, filepath.Join(directory, "task", fmt.Sprint(pid), "children"), "")
}

// runPod creates the shim in a cgroup, and the hypervisor and virtiofsd as daemons.
func (p *measuredPod) runPod(cgroup string) {
	p.run(os.Getpid(), 1, 100, "containerd-shim", cgroup, 100, 10)
	p.run(hypervisorPID, 1, 101, "qemu-system-x86", cgroup, 1000, 1000)
	p.run(virtiofsdPID, 1, 101, "virtiofsd", cgroup, 10, 200)
	p.setFacts(func(f *facts) { f.state.HypervisorPID, f.state.Virtiofsd = hypervisorPID, virtiofsdPID })
}

// group creates the cgroup of the sandbox, which has used 50 s and 1 MiB.
func (p *measuredPod) group() (path string) {
	path = p.facts.Load().state.Cgroup
	write(p.t, filepath.Join(p.cgroup, path, "cpu.stat"), "usage_usec 50000000\nuser_usec 40000000\nsystem_usec 10000000\n")
	write(p.t, filepath.Join(p.cgroup, path, "memory.current"), "1048576\n")
	return path
}

func (p *measuredPod) setFacts(change func(*facts)) {
	changed := *p.facts.Load()
	change(&changed)
	p.facts.Store(&changed)
}

// values pulls the pod and returns the points by name and labels.
func (p *measuredPod) values() map[string]float64 {
	p.t.Helper()
	r, err := pull(p.t, p.Sandbox)
	require.NoError(p.t, err)
	assert.False(p.t, r.Start.IsZero())
	values := map[string]float64{}
	for _, point := range r.Points {
		values[strings.Join(append([]string{point.Family.OTel.Name}, point.Labels...), " ")] = point.Value.AsFloat()
	}
	return values
}

// TestUsageFromCgroup reads a pod of which all is in the sandbox cgroup.
func TestUsageFromCgroup(t *testing.T) {
	for name, options := range map[string]simkata.Options{"Go": {}, "runtime-rs": {Rust: true}} {
		t.Run(name, func(t *testing.T) {
			p := newMeasuredPod(t, options)
			p.runPod("/" + strings.TrimPrefix(p.group(), "/"))
			v := p.values()
			assert.InDelta(t, 40, v["sandbox.cpu.time user"], 0)
			assert.InDelta(t, 10, v["sandbox.cpu.time system"], 0)
			assert.InDelta(t, 1<<20, v["sandbox.memory.usage"], 0)
			assert.Positive(t, v["sandbox.workload.cpu.time"])
			assert.Positive(t, v["sandbox.workload.memory.usage"])
			assert.InDelta(t, 50-v["sandbox.workload.cpu.time"], v["sandbox.cpu.overhead_time"], 1e-6)
			assert.InDelta(t, 1<<20-v["sandbox.workload.memory.usage"], v["sandbox.memory.overhead"], 0)
			assert.Positive(t, v["sandbox.network.io eth0 receive"])
			assert.NotContains(t, v, "sandbox.network.io lo receive")
			assert.NotContains(t, v, "sandbox.workload.process.count")
			assert.NotContains(t, v, "kata.guest.memory.available", "families: none")
			assert.Equal(t, int64(1), p.pod.Load().Calls, "usage must not need an additional request")
		})
	}
}

// TestUsageFromProcesses reads pods of which only a part, or nothing, is in the sandbox
// cgroup: the processes count, each once.
func TestUsageFromProcesses(t *testing.T) {
	pages := float64(os.Getpagesize())
	for name, prepare := range map[string]func(p *measuredPod){
		"the state file states it": func(p *measuredPod) {
			p.runPod(p.group())
			p.setFacts(func(f *facts) { f.state.CgroupIsPartial = true })
		},
		"the shim is elsewhere": func(p *measuredPod) {
			p.group()
			p.runPod("/kata_overhead/x")
		},
		"no cgroup": func(p *measuredPod) { p.runPod("/") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newMeasuredPod(t, simkata.Options{})
			prepare(p)
			v := p.values()
			assert.InDelta(t, 11.1, v["sandbox.cpu.time user"], 1e-9)
			assert.InDelta(t, (5+500+100+500)*pages, v["sandbox.memory.usage"], 0)
			assert.InDelta(t, 3, v["sandbox.process.count"], 0)
			p.run(hypervisorPID, 1, 101, "qemu-system-x86", "/", 2000, 1000)
			assert.InDelta(t, 21.1, p.values()["sandbox.cpu.time user"], 1e-9)
			remove(t, filepath.Join(p.proc, fmt.Sprint(virtiofsdPID)))
			assert.InDelta(t, 21.1, p.values()["sandbox.cpu.time user"], 1e-9, "CPU time must not fall")
		})
	}
}

// TestPassiveUsage checks that a pod whose shim is not contacted has figures of the host
// only, and that reading them contacts nothing.
func TestPassiveUsage(t *testing.T) {
	p := newMeasuredPod(t, simkata.Options{}, func(c *Config) { c.Collection = guard.Passive })
	p.runPod(p.group())
	v := p.values()
	assert.InDelta(t, 40, v["sandbox.cpu.time user"], 0)
	for name := range v {
		for _, prefix := range []string{"sandbox.workload.", "sandbox.network.", "sandbox.cpu.overhead", "sandbox.memory.overhead"} {
			assert.False(t, strings.HasPrefix(name, prefix), name)
		}
	}
	assert.Zero(t, p.pod.Load().Calls)
}

// TestUsageAfterFailure checks that figures of the guest are reported only together with
// the response that has them, and those of the host also without one.
func TestUsageAfterFailure(t *testing.T) {
	p := newMeasuredPod(t, simkata.Options{})
	p.runPod(p.group())
	require.Contains(t, p.values(), "sandbox.workload.cpu.time")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &sandbox.Reading{}
	require.Error(t, p.Pull(ctx, r))
	r.Reset()
	p.AppendInfo(r, false)
	assert.True(t, hasFamily(r, "sandbox.cpu.time"))
	assert.False(t, hasFamily(r, "sandbox.workload.cpu.time"))
	assert.False(t, r.Start.IsZero())
}

func TestUsageSeries(t *testing.T) {
	p := newMeasuredPod(t, simkata.Options{})
	p.runPod(p.group())
	p.setFacts(func(f *facts) { f.state.Requested = kubepod.Resources{CPUQuota: 50_000, Memory: 1 << 30} })
	r, err := pull(t, p.Sandbox)
	require.NoError(t, err)
	series := &sandbox.Reading{}
	p.AppendSeries(series)
	assert.Equal(t, seriesOf(r), seriesOf(series))
	v := p.values()
	assert.InDelta(t, 0.5, v["sandbox.cpu.limit requested"], 0)
	assert.InDelta(t, 1<<30, v["sandbox.memory.limit requested"], 0)
	require.NoError(t, p.Close())
}

// TestNoUsage checks that nothing is measured if usage is off, before the first
// connection, and of a sandbox that has stopped.
func TestNoUsage(t *testing.T) {
	for name, prepare := range map[string]func(p *measuredPod){
		"off":           func(p *measuredPod) { p.usage = nil },
		"not connected": func(p *measuredPod) { p.connected = false },
		"stopped":       func(p *measuredPod) { p.dead.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newMeasuredPod(t, simkata.Options{})
			p.runPod(p.group())
			p.values()
			prepare(p)
			r := &sandbox.Reading{}
			p.AppendInfo(r, true)
			assert.Empty(t, r.Points)
		})
	}
}
