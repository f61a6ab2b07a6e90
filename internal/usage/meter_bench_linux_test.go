package usage

import (
	"fmt"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// BenchmarkMeter measures one reading of a sandbox: of a cgroup, and of a process tree
// with 30 processes.
func BenchmarkMeter(b *testing.B) {
	m := newMachine(b)
	m.group("kubepods/burstable/pod1", 1, 2, 3)
	m.write(m.cgroup, "kubepods/burstable/pod1/memory.events", "oom_kill 0\n")
	m.write(m.cgroup, "kubepods/burstable/pod1/memory.stat", "inactive_file 0\n")
	m.write(m.cgroup, "kubepods/burstable/pod1/memory.max", "100\n")
	m.write(m.cgroup, "kubepods/burstable/pod1/cpu.max", "max 100000\n")
	m.write(m.cgroup, "kubepods/burstable/pod1/pids.current", "3\n")
	root := fakeProcess{pid: 10, cgroup: "/kubepods/burstable/pod1"}
	for pid := range 29 {
		root.children = append(root.children, 100+pid)
		m.run(fakeProcess{pid: 100 + pid, parent: 10, size: pid})
	}
	m.run(root)
	const figures = wantedFigures | host.FigureCPULimit | host.FigureWorkingSet | host.FigureOOMKills
	for name, path := range map[string]string{"cgroup": root.cgroup, "processes": ""} {
		b.Run(name, func(b *testing.B) {
			meter := NewMeter(m.host, Sandbox{Cgroup: path, PID: 10})
			defer meter.Close()
			var footprint Footprint
			b.ReportAllocs()
			for b.Loop() {
				if err := meter.Read(figures, &footprint); err != nil {
					b.Fatal(err)
				}
			}
			if footprint.FromProcesses != 0 != (path == "") {
				b.Fatal(fmt.Sprint(footprint))
			}
		})
	}
}
