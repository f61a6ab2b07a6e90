package host

import (
	"path/filepath"
	"strings"
	"time"
)

// CgroupCPU is what the processes of a control group have used of the CPU.
type CgroupCPU struct {
	// User and System add up to Usage, apart from rounding.
	Usage, User, System time.Duration
	// Throttled is how long the group was kept from running by its limit.
	Throttled time.Duration
	// Limit is how many CPUs the group may use, 0 if there is no limit.
	Limit float64
}

// CgroupMemory is what the processes of a control group use of the memory, in
// bytes.
type CgroupMemory struct {
	Usage uint64
	// Limit is 0 if there is no limit.
	Limit uint64
	// OOMKills is how often the kernel killed a process of the group because
	// the limit was reached.
	OOMKills uint64
}

// cgroupDirectories lists where the control group of a runtime's path may be,
// relative to the root of its hierarchy, the likeliest first. Runtimes write
// such paths in two spellings (OCI runtime specification, cgroupsPath):
//
//	/kubepods/burstable/pod51cf5a9b-…/8f2c…
//	kubepods-burstable-pod51cf5a9b_….slice:cri-containerd:8f2c…
//
// The second is a slice, a prefix and a name for systemd, which makes of it
//
//	kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod51cf5a9b_….slice/cri-containerd-8f2c….scope
//
// but some versions of Kata take it literally. A directory below may follow
// either. Paths that lead out of the hierarchy have no directory.
func cgroupDirectories(path string) []string {
	literal := strings.TrimLeft(path, "/")
	if !filepath.IsLocal(literal) {
		return nil
	}
	literal = filepath.Clean(literal)
	if literal == "." {
		return nil
	}
	first, below, _ := strings.Cut(literal, "/")
	parts := strings.Split(first, ":")
	if len(parts) != 3 || !strings.HasSuffix(parts[0], ".slice") {
		return []string{literal}
	}
	unit := parts[2]
	if !strings.HasSuffix(unit, ".slice") {
		unit = parts[1] + "-" + parts[2] + ".scope"
	}
	return []string{filepath.Join(expandSlice(parts[0]), unit, below), literal}
}

// expandSlice makes of a slice the directory systemd gives it, in which each
// dash stands for one level (systemd.slice(5)): a-b.slice is a.slice/a-b.slice.
func expandSlice(slice string) string {
	name := strings.TrimSuffix(slice, ".slice")
	var directory strings.Builder
	for i := range len(name) {
		if name[i] == '-' {
			directory.WriteString(name[:i] + ".slice/")
		}
	}
	return directory.String() + slice
}
