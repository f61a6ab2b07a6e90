// Package discovery finds gVisor sandboxes by the state files in runtime roots,
// and follows what becomes of them.
//
// A root is a directory such as /run/docker/runtime-runc/moby or, one for each
// containerd namespace, /run/containerd/runsc/k8s.io. It holds for each
// container a state file (package statefile) and its lock file. All containers
// of a sandbox form one [Sandbox]; the sandbox is there as long as the state
// file of its root container is.
//
// Changes are noticed through inotify. As events can be lost, all roots are
// also read again from time to time, which costs a stat for each file that did
// not change; roots that are missing are looked for every few seconds.
//
// runsc rewrites state files in place. It holds an exclusive lock meanwhile, so
// a locked file is tried again soon; should a file be half written nevertheless,
// what was read of it before holds on. No file can stop or block the search:
// what is not a readable state file is counted by [Reason] and left alone.
//
// A sandbox that is killed leaves its files behind, so its process is watched as
// well: through a pidfd where process ids mean the same here as to runsc, else
// by comparing process start times every few seconds. A process that took over
// the id of a dead sandbox is told apart by when it started.
package discovery
