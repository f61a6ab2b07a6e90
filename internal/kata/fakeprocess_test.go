package kata

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// fakeProcess is a process in a proc filesystem that consists of files.
type fakeProcess struct {
	processes  host.Processes
	pid, start int
	// used is its CPU time, half of it in the kernel.
	used time.Duration
}

func newFakeProcess(t *testing.T, pid int) *fakeProcess {
	t.Helper()
	p := &fakeProcess{processes: host.Processes{Root: t.TempDir()}, pid: pid, start: 4711}
	p.write(t)
	return p
}

func (p *fakeProcess) write(t *testing.T) {
	t.Helper()
	ticks := int(p.used / (10 * time.Millisecond))
	write(t, filepath.Join(p.processes.Root, strconv.Itoa(p.pid), "stat"), fmt.Sprintf(
		"%d (containerd-shim) S 1 1 1 0 -1 0 0 0 0 0 %d %d 9999 9999 20 0 7 0 %d 0 0\n", p.pid, ticks/2, ticks-ticks/2, p.start))
}

// run lets time pass, during which the process uses the given number of CPUs.
func (p *fakeProcess) run(t *testing.T, duration time.Duration, cores float64) {
	t.Helper()
	time.Sleep(duration)
	p.used += time.Duration(cores * float64(duration))
	p.write(t)
}

// exit ends the process.
func (p *fakeProcess) exit(t *testing.T) {
	t.Helper()
	remove(t, filepath.Join(p.processes.Root, strconv.Itoa(p.pid)))
}

// reuse ends the process and starts one with the same PID, which spins since then.
func (p *fakeProcess) reuse(t *testing.T) {
	t.Helper()
	p.start++
	p.write(t)
}
