// Package usage reports what a sandbox uses: CPU, memory, processes, network, disk
// and limits.
//
// There are two views, which are reported next to each other and never added up.
// The host's kernel accounts for the whole sandbox, including its runtime: the
// cgroup of the sandbox, or its processes if it has no cgroup of its own. The
// sandbox itself accounts for the workload; those figures are only as trustworthy as the
// sandbox. The overhead is the difference.
package usage
