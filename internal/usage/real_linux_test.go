package usage

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// burnVariable makes this program burn CPU time instead of running tests.
const burnVariable = "SANDBOX_TEST_BURN"

func TestMain(m *testing.M) {
	switch os.Getenv(burnVariable) {
	case "":
		os.Exit(m.Run())
	case "parent":
		burnParent()
	default:
		burn()
	}
}

// burnParent waits for a line, burns CPU time in children that end and in the process
// itself, confirms it with a line, and waits again.
func burnParent() {
	input := bufio.NewReader(os.Stdin)
	_, _ = input.ReadString('\n')
	for range 2 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), burnVariable+"=child")
		_ = child.Run()
	}
	burn()
	fmt.Println("done")
	_, _ = input.ReadString('\n')
}

// burn uses CPU time, both in user mode and in the kernel.
func burn() {
	for cpuTime() < 400*time.Millisecond {
		_, _ = os.Stat("/")
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// newRealGroups creates a cgroup in all hierarchies that this machine has.
func newRealGroups(t *testing.T, name string) (directories []string) {
	t.Helper()
	parents := []string{"/sys/fs/cgroup"}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		parents = []string{"/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"}
	}
	for _, parent := range parents {
		directory := filepath.Join(parent, name)
		if err := os.Mkdir(directory, 0o755); err != nil {
			t.Skip("cgroups cannot be created here:", err)
		}
		t.Cleanup(func() { assert.NoError(t, os.Remove(directory)) })
		directories = append(directories, directory)
	}
	return directories
}

// measureBurner runs a process that burns CPU time and reads a meter of it all the
// time. It returns the last footprint and the CPU time according to wait4(2).
func measureBurner(t *testing.T, meterOf func(pid int) *Meter) (Footprint, time.Duration) {
	t.Helper()
	burner := exec.Command(os.Args[0])
	burner.Env = append(os.Environ(), burnVariable+"=parent")
	input, err := burner.StdinPipe()
	require.NoError(t, err)
	output, err := burner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, burner.Start())
	t.Cleanup(func() {
		_ = burner.Process.Kill()
		_ = burner.Wait()
	})
	meter := meterOf(burner.Process.Pid)
	defer meter.Close()
	done := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(output).ReadString('\n')
		close(done)
	}()
	_, err = io.WriteString(input, "go\n")
	require.NoError(t, err)
	var footprint Footprint
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true
		case <-time.After(20 * time.Millisecond):
		}
		before := footprint
		require.NoError(t, meter.Read(wantedFigures|host.FigureWorkingSet, &footprint))
		require.GreaterOrEqual(t, footprint.CPU, before.CPU)
		require.GreaterOrEqual(t, footprint.User, before.User)
		require.GreaterOrEqual(t, footprint.System, before.System)
	}
	_ = input.Close()
	require.NoError(t, burner.Wait())
	return footprint, burner.ProcessState.UserTime() + burner.ProcessState.SystemTime()
}

func TestRealProcessTree(t *testing.T) {
	h := NewHost(host.Cgroups{Root: "/sys/fs/cgroup"}, host.Processes{Root: "/proc"})
	footprint, want := measureBurner(t, func(pid int) *Meter { return NewMeter(h, Sandbox{PID: pid}) })
	assert.InEpsilon(t, want.Seconds(), footprint.CPU.Seconds(), 0.05)
	assert.Equal(t, host.FigureCPU|host.FigureMemory|host.FigureProcesses, footprint.FromProcesses)
	assert.Equal(t, uint64(1), footprint.Processes)
	assert.Greater(t, footprint.Memory, uint64(1<<20))
}

func TestRealCgroup(t *testing.T) {
	name := "sandbox-test-" + strconv.Itoa(os.Getpid())
	groups := newRealGroups(t, name)
	h := NewHost(host.Cgroups{Root: "/sys/fs/cgroup"}, host.Processes{Root: "/proc"})
	footprint, want := measureBurner(t, func(pid int) *Meter {
		for _, group := range groups {
			if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
				t.Skip("processes cannot be moved to a cgroup here:", err)
			}
		}
		return NewMeter(h, Sandbox{Cgroup: "/" + name, PID: pid})
	})
	require.NoError(t, footprint.CgroupErr)
	assert.False(t, footprint.FromProcesses.Has(host.FigureCPU))
	assert.InEpsilon(t, want.Seconds(), footprint.CPU.Seconds(), 0.05)
	assert.InEpsilon(t, want.Seconds(), (footprint.User + footprint.System).Seconds(), 0.05)
	assert.Positive(t, footprint.Memory)
	assert.LessOrEqual(t, footprint.WorkingSet, footprint.Memory)
	// Version 2 may have been set up without the controllers memory and pids.
	if !footprint.FromProcesses.Has(host.FigureMemory) {
		assert.True(t, footprint.Known.Has(host.FigureWorkingSet))
	}
}
