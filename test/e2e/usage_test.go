//go:build linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/event"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// burner is a script that keeps more threads busy than most machines have CPUs.
const burner = "for i in 1 2 3 4; do while :; do :; done & done; wait"

// usageAccount is the account of a real sandbox.
type usageAccount struct {
	*event.Account
	containers []*runsc.Sandbox
	target     control.Target
}

// newUsageAccount returns the account of a sandbox with these containers, the root
// container first.
func newUsageAccount(t *testing.T, r *runsc.Runtime, containers ...*runsc.Sandbox) *usageAccount {
	t.Helper()
	state := containers[0].State()
	a := &usageAccount{event.NewAccount(event.Host{CPUs: runtime.NumCPU()}), containers, control.Target{
		Root: r.Root, ID: containers[0].ID, PID: state.Sandbox.PID,
	}}
	var known []event.Container
	for _, c := range containers {
		known = append(known, event.Container{ID: c.ID})
	}
	a.SetContainers(known)
	a.Reset(state.Sandbox.Started, false)
	return a
}

// pull requests what all containers use.
func (a *usageAccount) pull(t *testing.T) (figures event.Figures) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := control.Dial(ctx, a.target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	a.Begin(time.Now())
	for _, c := range a.containers {
		err := conn.Call(control.Event(c.ID), func(source io.Reader) error {
			_, failed := a.Read(c.ID, source, time.Now)
			return failed
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	a.Finish(&figures)
	return figures
}

// burn waits until the CPU time has reached a minimum. It must not fall.
func (a *usageAccount) burn(t *testing.T, minimum time.Duration) {
	t.Helper()
	last := time.Duration(0)
	process.Eventually(t, time.Minute, func() error {
		figures := a.pull(t)
		if figures.CPU < last {
			t.Fatalf("CPU time has fallen from %v to %v", last, figures.CPU)
		}
		if last = figures.CPU; last < minimum {
			return fmt.Errorf("CPU time is %v", last)
		}
		return nil
	})
}

// checkFormula applies the formula of runsc events to the figures of a paused sandbox:
// the CPU time of the cgroup, divided among the containers by their shares of the CPU
// time in the sandbox.
func (a *usageAccount) checkFormula(t *testing.T, figures event.Figures, cgroup string) {
	t.Helper()
	for i, container := range a.containers {
		// While the sandbox is paused, only the requests use CPU time.
		before := cgroupCPU(t, cgroup)
		printed := float64(container.Events().CPU.Usage.Total)
		after := cgroupCPU(t, cgroup)
		share := float64(figures.Containers[i].CPU) / float64(figures.CPU)
		if low, high := share*before, share*after; printed < low*(1-1e-9)-1 || printed > high*(1+1e-9)+1 {
			t.Errorf("%s: CPU time is %.0f to %.0f by the formula, runsc prints %.0f", container.ID, low, high, printed)
		}
	}
}

// TestUsageOfOneContainer compares the figures of a container without a cgroup of its
// own with those that runsc prints. For runsc, its cgroup is the root cgroup, so that
// it prints the CPU time of the host.
func TestUsageOfOneContainer(t *testing.T) {
	r := runsc.New(t)
	container := r.Start(runsc.Container{ID: "burner", Script: burner})
	a := newUsageAccount(t, r, container)
	a.burn(t, 2*time.Second)
	container.Pause()
	figures := a.pull(t)
	a.checkFormula(t, figures, "/")
	printed := container.Events()
	if got := figures.Containers[0].Processes; got != printed.PIDs.Current || got < 5 {
		t.Errorf("%d processes, runsc prints %d", got, printed.PIDs.Current)
	}
	// The memory may change, because runsc's requests need some.
	got, want := figures.Containers[0].Memory, printed.Memory.Usage.Usage
	if got == 0 || got != figures.Memory || max(got, want)-min(got, want) > want/4 {
		t.Errorf("memory is %d bytes, runsc prints %d", got, want)
	}
}

// TestUsageOfExec checks that CPU time does not fall when a process ends that runsc
// exec has started, although the sandbox forgets the CPU time of the process.
func TestUsageOfExec(t *testing.T) {
	r := runsc.New(t)
	container := r.Start(runsc.Container{ID: "idle", Script: runsc.Idle})
	a := newUsageAccount(t, r, container)
	for i := range 3 {
		container.Exec("while [ ! -e /tmp/stop ]; do :; done")
		a.burn(t, time.Duration(i+1)*500*time.Millisecond)
		before := a.pull(t)
		container.Exec("touch /tmp/stop; sleep 1; rm /tmp/stop")
		var after event.Figures
		process.Eventually(t, time.Minute, func() error {
			if after = a.pull(t); after.Containers[0].Processes > 1 {
				return fmt.Errorf("%d processes", after.Containers[0].Processes)
			}
			return nil
		})
		if after.CPU < before.CPU {
			t.Errorf("CPU time has fallen from %v to %v", before.CPU, after.CPU)
		}
	}
}

// TestUsageOfPod compares the figures of the two containers of a pod, which have a
// cgroup, with those that runsc prints.
func TestUsageOfPod(t *testing.T) {
	r := runsc.New(t)
	cgroup := fmt.Sprintf("/e2e-%d-%d", os.Getpid(), time.Now().UnixNano()%1e6)
	const uid = "f3f1f0a2-4a35-4c2e-93a8-5f1d0f0b8a11"
	root := r.Start(runsc.Container{
		ID: "pause", Script: "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; " + runsc.Idle,
		Cgroup: cgroup, Annotations: runsc.PodSandbox("pause", "default", "pod", uid),
	})
	app := r.Start(runsc.Container{
		ID: "app", Script: burner, Cgroup: cgroup, Annotations: runsc.PodContainer("pause", "default", "pod", uid, "app"),
	})
	a := newUsageAccount(t, r, root, app)
	a.burn(t, 2*time.Second)
	root.Pause()
	// A container of a paused sandbox cannot be deleted.
	defer root.Resume()
	figures := a.pull(t)
	if len(figures.Containers) != 2 || figures.Memory == 0 {
		t.Fatalf("incomplete figures: %+v", figures)
	}
	for _, container := range figures.Containers {
		if container.Memory > 0 {
			t.Errorf("%s: an equal share of the memory is not a measurement", container.ID)
		}
		if container.CPU == 0 {
			t.Errorf("%s has no CPU time", container.ID)
		}
	}
	a.checkFormula(t, figures, cgroup)
}

// cgroupCPU returns the CPU time of a cgroup in nanoseconds, from version 1 or 2.
func cgroupCPU(t *testing.T, path string) float64 {
	t.Helper()
	nanoseconds, err := readCgroupCPU(path)
	if err != nil {
		t.Fatal(err)
	}
	return nanoseconds
}

func readCgroupCPU(path string) (float64, error) {
	data, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/cpuacct", path, "cpuacct.usage"))
	factor := 1.0
	if err != nil {
		if data, err = os.ReadFile(filepath.Join("/sys/fs/cgroup", path, "cpu.stat")); err != nil {
			return 0, err
		}
		// usage_usec 123456
		data, factor = []byte(strings.Fields(string(data))[1]), 1000
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(string(data)), 64)
	return value * factor, err
}
