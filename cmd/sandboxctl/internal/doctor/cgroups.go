package doctor

import (
	"path"
	"slices"
	"strings"
)

// controllers are the cgroup controllers from which usage is read.
var controllers = []string{"cpu", "io", "memory", "pids"}

// checkCgroups checks that the cgroups of the host can be read.
func checkCgroups(h *Host) []Finding {
	const name = "cgroups"
	file := path.Join(h.CgroupRoot, "cgroup.controllers")
	if text, err := h.Files.Read(file, maxFile); err == nil {
		evidence := file + ": " + strings.TrimSpace(text)
		// Only the root of the host lacks this file.
		if _, err := h.Files.Stat(path.Join(h.CgroupRoot, "cgroup.events")); err == nil {
			return []Finding{{
				name, Warning, "version 2, but " + h.CgroupRoot + " has the cgroup of a container instead of those of the host",
				path.Join(h.CgroupRoot, "cgroup.events") + " exists",
				"Mount /sys/fs/cgroup of the host at another path, read-only, and set usage::cgroup_root.",
			}}
		}
		return []Finding{withControllers("version 2", strings.Fields(text), evidence)}
	}
	var found []string
	for _, controller := range []string{"cpu", "blkio", "memory", "pids"} {
		if _, err := h.Files.Names(path.Join(h.CgroupRoot, controller), 1); err == nil {
			found = append(found, strings.Replace(controller, "blkio", "io", 1))
		}
	}
	if len(found) > 0 {
		return []Finding{withControllers("version 1", found, "readable directories in "+h.CgroupRoot)}
	}
	_, err := h.Files.Names(h.CgroupRoot, 1)
	evidence := "neither cgroup.controllers nor directories of controllers"
	if err != nil {
		evidence = err.Error()
	}
	return []Finding{{
		name, Warning, "no cgroups can be read below " + h.CgroupRoot + ": usage is measured from processes, and partly missing", evidence,
		"Mount /sys/fs/cgroup of the host, read-only, and set usage::cgroup_root to where it is mounted.",
	}}
}

func withControllers(version string, found []string, evidence string) Finding {
	var missing []string
	for _, controller := range controllers {
		if !slices.Contains(found, controller) {
			missing = append(missing, controller)
		}
	}
	if len(missing) == 0 {
		return ok("cgroups", version+" with all controllers that are read", evidence)
	}
	return Finding{
		"cgroups", Warning, version + " without the controllers " + strings.Join(missing, ", ") + ": their metrics are missing", evidence,
		"Remove cgroup_disable= from the command line of the kernel.",
	}
}
