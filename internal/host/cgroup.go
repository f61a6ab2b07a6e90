package host

// Cgroups is where control groups (cgroups) of either version are mounted.
type Cgroups struct {
	// Root is /sys/fs/cgroup, or /hostfs/sys/fs/cgroup in a container.
	Root string
}
