package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Cgroups finds control groups (cgroups) of either version.
type Cgroups struct {
	// Root is where cgroups are mounted: /sys/fs/cgroup, or
	// /hostfs/sys/fs/cgroup in a container.
	Root string
}

// Cgroup is one control group.
type Cgroup struct {
	// unified is set for version 2, where the directories are all the same.
	unified bool
	// cpu, accounting and memory are the directories of the controllers cpu,
	// cpuacct and memory; one is empty if the group lacks the controller.
	cpu, accounting, memory string
}

// Find finds a control group by the path that the runtime configured. It
// returns [fs.ErrNotExist] if there is none.
func (c Cgroups) Find(path string) (Cgroup, error) {
	_, err := os.Lstat(filepath.Join(c.Root, "cgroup.controllers"))
	unified := err == nil
	for _, directory := range cgroupDirectories(path) {
		group := Cgroup{unified: unified}
		if unified {
			whole := c.existing(".", directory)
			group.cpu, group.accounting, group.memory = whole, whole, whole
		} else {
			group.cpu = c.existing("cpu", directory)
			group.accounting = c.existing("cpuacct", directory)
			group.memory = c.existing("memory", directory)
		}
		if group != (Cgroup{unified: unified}) {
			return group, nil
		}
	}
	return Cgroup{}, fmt.Errorf("cgroup %q: %w", path, fs.ErrNotExist)
}

// existing returns the directory of a group in a hierarchy, or "" if it does
// not exist.
func (c Cgroups) existing(hierarchy, directory string) string {
	path := filepath.Join(c.Root, hierarchy, directory)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return ""
	}
	return path
}
