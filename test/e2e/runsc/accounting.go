//go:build linux

package runsc

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// cgroups is where the cgroups of the host are mounted.
const cgroups = "/sys/fs/cgroup"

// Accounting is a cgroup that measures the CPU time of processes.
type Accounting struct {
	// Path is its path, from the root of the hierarchy.
	Path string

	directory string
}

// NewPath returns a path for a new cgroup that no other test uses.
func NewPath() string { return fmt.Sprintf("/e2e-%d-%d", os.Getpid(), time.Now().UnixNano()%1e9) }

// MemoryLimit returns the resources of a container with a limit in bytes.
func MemoryLimit(limit int64) map[string]any { return object{"memory": object{"limit": limit}} }

// CPULimit returns the resources of a container with a limit in percent of a CPU.
func CPULimit(percent int) map[string]any {
	return object{"cpu": object{"period": 100_000, "quota": percent * 1000}}
}

// NewAccounting creates a cgroup, which is removed at the end of the test. It must be
// created before the Runtime whose sandboxes it measures, so that these are deleted
// first.
func NewAccounting(t *testing.T) *Accounting {
	t.Helper()
	a := &Accounting{Path: NewPath()}
	// Version 1 has a hierarchy for CPU time.
	hierarchy := filepath.Join(cgroups, "cpuacct")
	if _, err := os.Stat(hierarchy); err != nil {
		hierarchy = cgroups
	}
	a.directory = filepath.Join(hierarchy, a.Path)
	if err := os.Mkdir(a.directory, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Processes that have been killed remain in the cgroup for a moment.
		process.Eventually(t, endTimeout, func() error { return os.Remove(a.directory) })
	})
	return a
}

// runIn is like run, in the cgroup unless it is nil.
func (r *Runtime) runIn(cgroup *Accounting, args ...string) {
	r.t.Helper()
	if cgroup == nil {
		r.run(args...)
		return
	}
	command := []string{
		"-c", `echo $$ >"$1"; shift; exec "$@"`, "sh", filepath.Join(cgroup.directory, "cgroup.procs"),
		r.program, "--root=" + r.Root,
	}
	process.Run(r.t, "/bin/sh", append(command, args...)...)
}
