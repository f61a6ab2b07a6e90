// Package usage reports the usage of sandboxes of all runtimes: CPU, memory,
// processes, network, disk and limits.
//
// There are two views, which are reported next to each other and never added up. The
// host accounts for the sandbox as a whole, including the runtime itself: its
// footprint, which a [Meter] measures. The sandbox accounts for its
// workload; those figures are only as trustworthy as the sandbox. The overhead is
// the difference.
//
// # Footprint
//
// The figures come from the cgroup of the sandbox if it has one that
//
//   - is not the root, and has a path without "..",
//   - exists and contains the first process of the sandbox,
//   - belongs to this sandbox alone: no other sandbox of this receiver has the same
//     cgroup or one below it.
//
// Figures that the cgroup does not provide are measured from the process tree: the first
// process of the sandbox and all its descendants, for example the stub processes of
// gVisor's platform systrap, which do most of the work. Helper processes that are
// not descendants, such as gVisor's gofers, are then not included unless the runtime
// knows them.
//
// Counters never decrease, even when processes exit or a cgroup is removed and created
// again.
package usage
