package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// CgroupTree is a directory that looks like a hierarchy of cgroups of version 2.
// The zero value is no hierarchy: it creates nothing.
type CgroupTree struct {
	// Root is the directory of the hierarchy.
	Root string
}

// CgroupUsage is what the files of a cgroup report.
type CgroupUsage struct {
	// PID is the process in the cgroup.
	PID                     int
	User, System, Throttled time.Duration
	Memory, InactiveFile    uint64
	OOMKills, Processes     uint64
	ReadBytes, WrittenBytes uint64
}

// Limits of all simulated cgroups: half a CPU and 512 MiB.
const (
	cgroupCPUMax    = "50000 100000\n"
	cgroupMemoryMax = 512 << 20
)

// Init creates the hierarchy itself.
func (t CgroupTree) Init() error {
	if t.Root == "" {
		return nil
	}
	return t.write("", map[string]string{"cgroup.controllers": "cpu io memory pids\n"})
}

// UsageAt returns the usage of a sandbox with this seed after it has run for elapsed, if
// its workload has used this much CPU time and memory: the sandbox as a whole uses more.
func UsageAt(seed uint64, elapsed, workloadCPU time.Duration, workloadMemory uint64) CgroupUsage {
	const overhead = 20 << 20
	cached := Motion{Kind: Wandering, Level: 4 << 20}.At(seed, 0, elapsed)
	return CgroupUsage{
		PID: os.Getpid(), User: workloadCPU, System: workloadCPU * 3 / 10, Throttled: workloadCPU / 50,
		Memory: workloadMemory + overhead + cached, InactiveFile: cached, Processes: 8 + seed%8,
		ReadBytes: 1 << 20, WrittenBytes: Motion{Kind: Growing, Level: 4096}.At(seed, 1, elapsed),
	}
}

// CgroupInterval is how often the cgroups of running sandboxes should be updated.
const CgroupInterval = 10 * time.Second

// Write creates or updates a cgroup. The path is relative to the root.
func (t CgroupTree) Write(path string, u CgroupUsage) error {
	if t.Root == "" {
		return nil
	}
	stall := u.System / 10
	return t.write(path, map[string]string{
		"cgroup.procs": fmt.Sprintf("%d\n", u.PID),
		"cpu.stat": fmt.Sprintf("usage_usec %d\nuser_usec %d\nsystem_usec %d\nnr_periods 10\nnr_throttled 1\nthrottled_usec %d\n",
			(u.User + u.System).Microseconds(), u.User.Microseconds(), u.System.Microseconds(), u.Throttled.Microseconds()),
		"cpu.max":        cgroupCPUMax,
		"memory.current": fmt.Sprintf("%d\n", u.Memory),
		"memory.peak":    fmt.Sprintf("%d\n", u.Memory+u.Memory/4),
		"memory.max":     fmt.Sprintf("%d\n", cgroupMemoryMax),
		"memory.stat":    fmt.Sprintf("anon %d\nfile %d\ninactive_file %d\n", u.Memory-u.InactiveFile, u.InactiveFile, u.InactiveFile),
		"memory.events":  fmt.Sprintf("low 0\nhigh 0\nmax 0\noom 0\noom_kill %d\n", u.OOMKills),
		"pids.current":   fmt.Sprintf("%d\n", u.Processes),
		"pids.max":       "max\n",
		"io.stat": fmt.Sprintf("254:0 rbytes=%d wbytes=%d rios=%d wios=%d\n",
			u.ReadBytes, u.WrittenBytes, u.ReadBytes>>12, u.WrittenBytes>>12),
		"cpu.pressure":    pressure(stall),
		"memory.pressure": pressure(0),
		"io.pressure":     pressure(stall),
	})
}

func pressure(total time.Duration) string {
	line := fmt.Sprintf("avg10=0.00 avg60=0.00 avg300=0.00 total=%d\n", total.Microseconds())
	return "some " + line + "full " + line
}

// Remove removes a cgroup.
func (t CgroupTree) Remove(path string) error {
	if t.Root == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(t.Root, path))
}

// write replaces the content of files so that readers never see half of it, as with
// the files of the kernel.
func (t CgroupTree) write(path string, files map[string]string) error {
	directory := filepath.Join(t.Root, path)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(directory, name)
		if old, err := os.ReadFile(file); err == nil && string(old) == content {
			continue
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(file+".new", []byte(content), 0o600); err != nil {
			return err
		}
		if err := os.Rename(file+".new", file); err != nil {
			return err
		}
	}
	return nil
}
