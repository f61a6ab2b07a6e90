// Package discovery discovers gVisor sandboxes by the state files in runtime roots,
// and tracks them until they are removed.
//
// A runtime root is a directory such as /run/docker/runtime-runc/moby or, one per
// containerd namespace, /run/containerd/runsc/k8s.io. It contains a state file
// (package statefile) and a lock file for each container. All containers of a
// sandbox form one [Sandbox]. The sandbox exists as long as the state file of its
// root container does.
//
// inotify reports changes. Because events can be lost, all roots are also scanned
// periodically, which costs one stat call for each unchanged file. Roots are
// resolved every few seconds, so that new ones are discovered.
//
// runsc rewrites state files in place and holds an exclusive lock while it does. A
// locked file is therefore read again shortly afterwards. If a file is only
// partially written nevertheless, its previous content remains in use. No file can
// stop or block discovery: a path that is not a readable state file is skipped and
// reported with a [Reason].
//
// The files of a sandbox that is killed remain. Discovery therefore also watches
// sandbox processes: through pidfds if process IDs are the same for the receiver
// and for runsc, otherwise by comparing process start times every few seconds. A
// process that reuses the ID of an exited sandbox process is recognized by its
// start time.
package discovery
