package host

import (
	"os"
	"path/filepath"
	"strings"
)

// cgroupFile is a file of a cgroup.
type cgroupFile struct {
	name string
	// figures are those that the file is needed for.
	figures Figures
	// parse adds the content to the usage and reports whether it is valid. If it
	// is not, it adds nothing.
	parse func(u *CgroupUsage, data []byte) bool
}

// cgroupHierarchy is a tree of directories with the same cgroups.
type cgroupHierarchy struct {
	// path is where it is mounted.
	path string
	// files are read of the cgroup itself, in this order. limits are also read of
	// its parents.
	files, limits []cgroupFile
}

// CgroupLayout is how cgroups are mounted on a host. It is determined once and
// shared by all readers.
type CgroupLayout struct {
	// hierarchies is empty if no cgroups are mounted. Version 2 has one.
	hierarchies []cgroupHierarchy
}

// controllers are the hierarchies of version 1 by the name of their controller. The
// first one that has a cgroup identifies it. On hosts that use both versions, the
// hierarchy unified has no controllers that limit anything, but shows pressure.
var controllers = []cgroupHierarchy{
	{path: "cpuacct", files: accountingFilesV1},
	{path: "cpu", files: cpuFilesV1, limits: cpuLimitsV1},
	{path: "memory", files: memoryFilesV1, limits: memoryLimitsV1},
	{path: "pids", files: processFiles, limits: processLimits},
	{path: "blkio", files: diskFilesV1},
	{path: "unified", files: pressureFiles},
}

// Layout determines how cgroups are mounted.
func (c Cgroups) Layout() *CgroupLayout {
	// The path of the root is configured and may contain symbolic links; paths below
	// it must not.
	root, err := filepath.EvalSymlinks(c.Root)
	if err != nil {
		return &CgroupLayout{}
	}
	if _, err := os.Lstat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return &CgroupLayout{hierarchies: []cgroupHierarchy{{path: root, files: filesV2, limits: limitsV2}}}
	}
	layout := &CgroupLayout{}
	for _, controller := range controllers {
		if path, found := mounted(root, controller.path); found {
			controller.path = path
			layout.hierarchies = append(layout.hierarchies, controller)
		}
	}
	return layout
}

// mounted returns where the hierarchy of a controller is mounted. If it has
// several controllers, systemd mounts it under all their names and creates a
// symbolic link for each:
//
//	cpu -> cpu,cpuacct
//
// Links that lead elsewhere are not followed.
func mounted(root, controller string) (string, bool) {
	path := filepath.Join(root, controller)
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		var target string
		if target, err = os.Readlink(path); err != nil || strings.Contains(target, "/") || strings.Trim(target, ".") == "" {
			return "", false
		}
		path = filepath.Join(root, target)
		info, err = os.Lstat(path)
	}
	return path, err == nil && info.IsDir()
}
