// Package usage measures what a sandbox uses on the host, for all runtimes: its
// footprint. The figures are those of the sandbox as a whole, including what the
// runtime itself needs for it.
//
// They come from the cgroup of the sandbox if it has one that
//
//   - is not the root, and has a path without "..",
//   - exists and contains the first process of the sandbox,
//   - is that of this sandbox alone: no other sandbox of this receiver has the same
//     cgroup or one below it.
//
// What the cgroup does not provide is measured from the process tree: the first
// process of the sandbox and all its descendants, for example the stub processes of
// gVisor's platform systrap, which do most of the work. Helper processes that are
// not descendants, such as gVisor's gofers, are then not included.
//
// Counters never fall, neither when processes end nor when a cgroup is removed and
// created again.
package usage
