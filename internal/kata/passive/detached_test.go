package passive

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// runChild is run for a process with another parent than init.
func (m machine) runChild(t *testing.T, pid, parent int, name string, start int) {
	t.Helper()
	write(t, filepath.Join(m.proc, fmt.Sprint(pid), "stat"), fmt.Sprintf(
		"%d (%s) S %d 1 1 0 -1 0 0 0 0 0 1 1 1 1 20 0 1 0 %d 0 0\n", pid, name, parent, start))
}

// TestDetached checks which processes of an outdated state file are accepted.
func TestDetached(t *testing.T) {
	for name, test := range map[string]struct {
		parent int
		name   string
		start  int
		want   usage.Process
	}{
		"adopted by init":        {1, "qemu-system-x86", 60, usage.Process{PID: 103, Start: 60}},
		"adopted by another":     {200, "qemu-system-x86", 60, usage.Process{PID: 103, Start: 60}},
		"child of the shim":      {101, "qemu-system-x86", 60, usage.Process{}},
		"child of another shim":  {201, "qemu-system-x86", 60, usage.Process{}},
		"older than the shim":    {1, "qemu-system-x86", 49, usage.Process{}},
		"another program":        {1, "bash", 60, usage.Process{}},
		"virtiofsd in its place": {1, "virtiofsd", 60, usage.Process{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.runChild(t, 101, 1, "containerd-shim", 50)
			m.runChild(t, 200, 1, "systemd", 1)
			m.runChild(t, 201, 1, "containerd-shim", 50)
			m.runChild(t, 102, 1, "virtiofsd", 60)
			m.runChild(t, 103, test.parent, test.name, test.start)
			sandbox := Sandbox{Shim: 101, Hypervisor: 103, Virtiofsd: 102}
			want := [2]usage.Process{test.want, {PID: 102, Start: 60}}
			if got := Detached(m.roots().Processes, sandbox); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			for _, unknown := range []Sandbox{
				{}, {Shim: 101}, {Hypervisor: 103, Virtiofsd: 102}, {Shim: 999, Hypervisor: 103, Virtiofsd: 102},
			} {
				if got := Detached(m.roots().Processes, unknown); got != [2]usage.Process{} {
					t.Errorf("%+v: got %+v, want none", unknown, got)
				}
			}
		})
	}
}
