package host

import (
	"path/filepath"
	"strings"
)

// cgroupDirectories returns the directories that may belong to a cgroup path of
// a runtime, relative to the root of the hierarchy, the most likely first.
// Runtimes use two forms (OCI runtime specification, cgroupsPath):
//
//	/kubepods/burstable/pod51cf5a9b-…/8f2c…
//	kubepods-burstable-pod51cf5a9b_….slice:cri-containerd:8f2c…
//
// The second form is a systemd slice, a prefix and a name, for which systemd
// creates the directory
//
//	kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod51cf5a9b_….slice/cri-containerd-8f2c….scope
//
// but some versions of Kata use it literally as a directory name. Either form
// may be followed by subdirectories. A path that leads out of the hierarchy has
// no directories.
func cgroupDirectories(path string) []string {
	literal := strings.TrimLeft(path, "/")
	if !filepath.IsLocal(literal) {
		return nil
	}
	literal = filepath.Clean(literal)
	if literal == "." {
		return nil
	}
	first, subdirectories, _ := strings.Cut(literal, "/")
	parts := strings.Split(first, ":")
	if len(parts) != 3 || !strings.HasSuffix(parts[0], ".slice") {
		return []string{literal}
	}
	unit := parts[2]
	if !strings.HasSuffix(unit, ".slice") {
		unit = parts[1] + "-" + parts[2] + ".scope"
	}
	return []string{filepath.Join(expandSlice(parts[0]), unit, subdirectories), literal}
}

// expandSlice returns the directory of a systemd slice. Each dash in its name
// stands for one level (systemd.slice(5)): a-b.slice is in a.slice/a-b.slice.
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
