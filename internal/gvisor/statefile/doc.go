// Package statefile parses the state files that runsc writes: one JSON file per
// container in the runtime root, named <containerID>_sandbox:<sandboxID>.state,
// next to a lock file with the extension .lock.
//
// A state file contains, among many other fields (shortened):
//
//	{"id":"web","createdAt":"2026-11-20T09:43:49.901690938Z","status":"running",
//	 "spec":{"ociVersion":"1.0.2-dev",
//	  "process":{"user":{"uid":0},"env":["TOKEN=…"],
//	   "capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"]}},
//	  "root":{"path":"/run/containerd/io.containerd.runtime.v2.task/k8s.io/web/rootfs"},
//	  "annotations":{"io.kubernetes.cri.container-type":"sandbox"},
//	  "linux":{"cgroupsPath":"/k8s.io/web","resources":{"memory":{"limit":268435456}}}},
//	 "bundleDir":"/run/containerd/io.containerd.runtime.v2.task/k8s.io/web",
//	 "sandbox":{"id":"web","podName":"web-0","namespace":"shop","pid":15655,
//	  "registeredMetrics":{…},"metricMetadata":{"platform":"systrap","version":"…"},
//	  "metricServerAddress":"%RUNTIME_ROOT%/metrics.sock",
//	  "controlSocketPath":"/run/runsc/runsc-web.sock",
//	  "startTime":"2026-11-20T09:43:49.896520527Z","restored":false,
//	  "cpuTimeSaved":0,"wallTimeSaved":0,
//	  "cgroup":{"cgroupv1":{"name":"/k8s.io/web"}}},
//	 "goferMountConfs":[{"lower":1,"upper":2}]}
//
// The file includes the whole OCI spec, and with it the secrets in the
// environment of the container. [Parse] reads the fields of [State] and skips
// all others without copying them. No error quotes the content of the file.
//
// Older releases of runsc do not write all fields; missing fields are zero. The
// container whose ID equals the sandbox ID is the root container. Only its state
// file states when the sandbox was created.
package statefile
