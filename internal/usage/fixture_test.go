package usage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// machine is a simulated host with cgroups of version 2.
type machine struct {
	t            testing.TB
	proc, cgroup string
	host         *Host
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	root := t.TempDir()
	m := &machine{t: t, proc: filepath.Join(root, "proc"), cgroup: filepath.Join(root, "cgroup")}
	m.write(m.cgroup, "cgroup.controllers", "cpu memory\n")
	m.write(m.proc, "stat", "btime 1\n")
	m.host = NewHost(host.Cgroups{Root: m.cgroup}, host.Processes{Root: m.proc})
	return m
}

func (m *machine) write(directory, name, content string) {
	m.t.Helper()
	path := filepath.Join(directory, name)
	require.NoError(m.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(m.t, os.WriteFile(path, []byte(content), 0o600))
}

// group writes the CPU time in microseconds and the memory of a cgroup.
func (m *machine) group(path string, user, system, memory int) {
	m.t.Helper()
	m.write(m.cgroup, path+"/cpu.stat", fmt.Sprintf(
		"usage_usec %d\nuser_usec %d\nsystem_usec %d\nthrottled_usec %d\n", user+system, user, system, user/10))
	m.write(m.cgroup, path+"/memory.current", fmt.Sprintln(memory))
}

// fakeProcess is a process of a simulated host. Its times are in ticks.
type fakeProcess struct {
	pid, parent, start                   int
	user, system, childUser, childSystem int
	pages, size, shared                  int
	state, cgroup                        string
	children                             []int
}

// run creates or changes processes.
func (m *machine) run(processes ...fakeProcess) {
	m.t.Helper()
	for _, p := range processes {
		directory := filepath.Join(m.proc, fmt.Sprint(p.pid))
		if p.state == "" {
			p.state = "S"
		}
		m.write(directory, "stat", fmt.Sprintf("%d (a (b) c) %s %d 1 1 0 -1 0 0 0 0 0 %d %d %d %d 20 0 1 0 %d 0 0\n",
			p.pid, p.state, p.parent, p.user, p.system, p.childUser, p.childSystem, p.start))
		m.write(directory, "statm", fmt.Sprintf("%d %d %d 0 0 0 0\n", p.size, p.pages, p.shared))
		m.write(directory, "cgroup", "0::"+p.cgroup+"\n")
		m.write(directory, fmt.Sprintf("task/%d/children", p.pid), strings.Trim(fmt.Sprint(p.children), "[]"))
	}
}

// end removes a process.
func (m *machine) end(pids ...int) {
	m.t.Helper()
	for _, pid := range pids {
		require.NoError(m.t, os.RemoveAll(filepath.Join(m.proc, fmt.Sprint(pid))))
	}
}

// meter creates a meter, which is closed after the test.
func (m *machine) meter(sandbox Sandbox) *Meter {
	meter := NewMeter(m.host, sandbox)
	m.t.Cleanup(meter.Close)
	return meter
}

const wantedFigures = host.FigureCPU | host.FigureThrottled | host.FigureMemory | host.FigureProcesses | host.FigureMemoryLimit

// read reads a meter that must not fail.
func (m *machine) read(meter *Meter) Footprint {
	m.t.Helper()
	var footprint Footprint
	require.NoError(m.t, meter.Read(wantedFigures, &footprint))
	return footprint
}
