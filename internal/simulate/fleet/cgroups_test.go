package fleet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

// cgroupUsage reads a cgroup as the receiver does.
func cgroupUsage(t *testing.T, root, path string) (usage host.CgroupUsage) {
	t.Helper()
	reader, err := host.Cgroups{Root: root}.Layout().Reader(path)
	require.NoError(t, err)
	require.NoError(t, reader.Read(host.FigureCPU|host.FigureMemory|host.FigureMemoryLimit|host.FigureProcesses, &usage))
	member, err := reader.Lists(os.Getpid())
	require.NoError(t, err)
	assert.True(t, member)
	return usage
}

func TestCgroupsOfRunningSandboxesAreUpdated(t *testing.T) {
	root := filepath.Join(t.TempDir(), "cgroup")
	f := newFleet(t, Options{GVisor: 2, Kata: 1, CgroupRoot: root, Seed: 1})
	running, stopped, pod := f.GVisor()[0], f.GVisor()[1], f.Kata()[0]
	inPod, err := f.AddGVisor(gvisor.Options{Pod: simulate.CRIO})
	require.NoError(t, err)
	updated := []string{"sandboxes/" + running.ID(), inPod.Pod().CgroupPath(inPod.ID()), pod.Pod().CgroupPath(pod.ID())}
	all := append(updated, "sandboxes/"+stopped.ID())
	for _, path := range all {
		assert.Greater(t, cgroupUsage(t, root, path).Memory, uint64(16<<20), path)
	}
	require.NoError(t, stopped.Stop())
	for _, path := range all {
		require.NoError(t, os.Remove(filepath.Join(root, path, "cpu.stat")))
	}
	for part := range cgroupParts {
		f.updatePart(part)
	}
	for _, path := range updated {
		assert.True(t, cgroupUsage(t, root, path).Known.Has(host.FigureCPU), path)
	}
	assert.False(t, cgroupUsage(t, root, "sandboxes/"+stopped.ID()).Known.Has(host.FigureCPU))
	require.NoError(t, f.Close())
	assert.NoDirExists(t, root)
}

func TestCgroupsEndWithTheirSandboxes(t *testing.T) {
	root := filepath.Join(t.TempDir(), "cgroup")
	f := newFleet(t, Options{GVisor: 1, Kata: 1, CgroupRoot: root})
	s, pod := f.GVisor()[0], f.Kata()[0]
	require.NoError(t, f.RemoveGVisor(s))
	require.NoError(t, f.RemoveKata(pod))
	require.NoError(t, s.UpdateCgroup())
	require.NoError(t, pod.UpdateCgroup())
	assert.NoDirExists(t, filepath.Join(root, "sandboxes", s.ID()))
	assert.NoDirExists(t, filepath.Join(root, pod.Pod().CgroupPath(pod.ID())))
}

func TestCgroupRootMustNotExist(t *testing.T) {
	root := t.TempDir()
	_, err := New(simulatetest.ShortTempDir(t), Options{GVisor: 1, CgroupRoot: root})
	require.ErrorContains(t, err, "already exists")
	assert.DirExists(t, root)
}
