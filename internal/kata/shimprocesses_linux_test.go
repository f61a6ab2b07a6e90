package kata

import (
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
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// noConnection forbids connections to shims, and fails the test if one is checked.
func noConnection(string, string) bool { return false }

func writeShim(t *testing.T, proc string, pid, start int, name string, arguments ...string) {
	t.Helper()
	directory := filepath.Join(proc, fmt.Sprint(pid))
	write(t, filepath.Join(directory, "stat"), fmt.Sprintf("%d (%s) S 1 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 %d 0 0\n", pid, name, start))
	write(t, filepath.Join(directory, "cmdline"), strings.Join(arguments, "\x00")+"\x00")
}

func TestShimProcesses(t *testing.T) {
	proc := t.TempDir()
	const shim = "/opt/kata/bin/containerd-shim-kata-v2"
	writeShim(t, proc, 10, 100, "containerd-shim", shim, "-namespace", "k8s.io", "-id", "web")
	writeShim(t, proc, 9, 200, "containerd-shim", shim, "-id", "web")    // pretends to be one
	writeShim(t, proc, 11, 100, "containerd-shim", shim, "--id", "rust") //
	writeShim(t, proc, 12, 100, "bash", shim, "-id", "other")
	writeShim(t, proc, 13, 100, "containerd-shim", shim, "-id")
	writeShim(t, proc, 14, 100, "containerd-shim", shim, "-id", "../x")
	var shims shimProcesses
	processes, now := host.Processes{Root: proc}, time.Now()
	for id, want := range map[string]int{"web": 10, "rust": 11, "other": 0, "": 0, "../x": 0} {
		assert.Equal(t, want, shims.find(processes, id, now), id)
	}
	writeShim(t, proc, 15, 100, "containerd-shim", shim, "-id", "new")
	assert.Zero(t, shims.find(processes, "new", now.Add(shimSearchInterval-1)), "searches are limited")
	assert.Equal(t, 15, shims.find(processes, "new", now.Add(shimSearchInterval)))
	remove(t, filepath.Join(proc, "10"))
	assert.Equal(t, 10, shims.find(processes, "web", now.Add(time.Hour)), "what is known is not searched for")
	assert.Zero(t, shims.find(processes, "absent", now.Add(time.Hour)))
	assert.Equal(t, 9, shims.find(processes, "web", now.Add(time.Hour)))
}

// TestUsageWithoutConnection checks that the usage is that of the processes that a
// connection would lead to.
func TestUsageWithoutConnection(t *testing.T) {
	p := newMeasuredPod(t, simkata.Options{})
	p.runtime.connects = noConnection
	p.setFacts(func(f *facts) { f.state.CgroupIsPartial = true })
	p.runPod("/other")
	read := func() *sandbox.Reading {
		var r sandbox.Reading
		p.AppendInfo(&r, false)
		return &r
	}
	assert.False(t, hasFamily(read(), "sandbox.cpu.time"), "the shim is not visible")
	write(t, filepath.Join(p.proc, fmt.Sprint(os.Getpid()), "cmdline"), "containerd-shim-kata-v2\x00-id\x00"+p.directory.ID+"\x00")
	assert.False(t, hasFamily(read(), "sandbox.cpu.time"), "the search is not repeated immediately")
	p.runtime.shims.searched = time.Time{}
	r := read()
	total := 0.0
	for i := range r.Points {
		if r.Points[i].Family.OTel.Name == "sandbox.cpu.time" {
			total += r.Points[i].Value.AsFloat()
		}
	}
	assert.InDelta(t, 11.1, total, 0.001, "the shim, the hypervisor and virtiofsd")
	assert.Zero(t, p.pod.Load().Calls)
	_, err := pull(t, p.Sandbox)
	assert.Equal(t, sandbox.Unsafe, sandbox.OutcomeOf(err))
	assert.Zero(t, p.pod.Load().Calls)
}

// TestTrustWithoutConnection checks that the status is the one that a connection would
// lead to.
func TestTrustWithoutConnection(t *testing.T) {
	for _, installed := range []bool{true, false} {
		t.Run(fmt.Sprint(installed), func(t *testing.T) {
			fleet := newFleet(t)
			pod := addPod(t, fleet, simkata.Options{Rust: true, Hypervisor: "qemu"})
			config := fleetConfig(fleet)
			trust(guard.QEMU)(&config)
			f := newTestFinder(t, config)
			f.runtime.connects = noConnection
			process := newFakeProcess(t, os.Getpid())
			process.install(t, installed)
			write(t, filepath.Join(process.processes.Root, fmt.Sprint(process.pid), "cmdline"), "shim\x00-id\x00"+pod.ID()+"\x00")
			f.runtime.roots.Processes = process.processes
			f.advance(time.Second)
			want := sandbox.Skipped
			if installed {
				want = sandbox.Running
			}
			assert.Equal(t, want, f.recorder.last(t).Status().State)
			require.Zero(t, pod.Load().Calls)
		})
	}
}

func TestMayConnect(t *testing.T) {
	r := &Runtime{}
	directory := storage.Directory{StoragePath: "/run/kata", ID: "web"}
	assert.True(t, r.mayConnect(directory))
	r.connects = func(storagePath, id string) bool { return storagePath == "/run/kata" && id == "web" }
	assert.True(t, r.mayConnect(directory))
	directory.ID = "other"
	assert.False(t, r.mayConnect(directory))
}
