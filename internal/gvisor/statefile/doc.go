// Package statefile reads what runsc writes about a container: one JSON file
// per container in the runtime root, <containerID>_sandbox:<sandboxID>.state,
// with the lock file ….lock beside it.
//
// Such a file holds, among much else (shortened):
//
//	{"id":"web","createdAt":"2026-11-20T09:43:49.901690938Z","status":"running",
//	 "spec":{"ociVersion":"1.0.2-dev",
//	  "process":{"user":{"uid":0},"env":["TOKEN=…"],
//	   "capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"]}},
//	  "annotations":{"io.kubernetes.cri.container-type":"sandbox"}},
//	 "sandbox":{"id":"web","podName":"web-0","namespace":"shop","pid":15655,
//	  "registeredMetrics":{…},"metricMetadata":{"platform":"systrap","version":"…"},
//	  "metricServerAddress":"%RUNTIME_ROOT%/metrics.sock",
//	  "controlSocketPath":"/run/runsc/runsc-web.sock",
//	  "startTime":"2026-11-20T09:43:49.896520527Z","restored":false,
//	  "cpuTimeSaved":0,"wallTimeSaved":0}}
//
// It carries the whole OCI spec, environment secrets included. [Parse] takes
// the fields of [State] and skips over all others without copying them, and no
// error quotes the file.
//
// Files of older releases lack some fields; those are zero. The container
// whose id is the sandbox's own is the root container: only its file says
// when the sandbox began.
package statefile
