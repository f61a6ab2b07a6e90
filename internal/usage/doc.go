// Package usage reports what a sandbox uses: CPU, memory, processes, network, disk
// and limits, for all runtimes.
//
// There are two views, which are reported next to each other and never added up. The
// host accounts for the sandbox as a whole, including what the runtime itself needs
// for it: its footprint, which a [Meter] measures. The sandbox accounts for its
// workload; those figures are only as trustworthy as the sandbox. The overhead is
// the difference.
//
// # Footprint
//
// The figures come from the cgroup of the sandbox if it has one that
//
//   - is not the root, and has a path without "..",
//   - exists and contains the first process of the sandbox,
//   - is that of this sandbox alone: no other sandbox of this receiver has the same
//     cgroup or one below it.
//
// What the cgroup does not provide is measured from the process tree: the first
// process of the sandbox and all its descendants, for example the stub processes of
// gVisor's platform systrap, which do most of the work. Helper processes that are
// not descendants, such as gVisor's gofers, are then not included unless the runtime
// knows them.
//
// Counters never fall, neither when processes end nor when a cgroup is removed and
// created again.
package usage
