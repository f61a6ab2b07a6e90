package statefile

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Status is the container status that runsc recorded.
type Status string

// Statuses that runsc writes. The status of a container can still be Running
// although its process was killed.
const (
	Creating Status = "creating"
	Created  Status = "created"
	Running  Status = "running"
	Stopped  Status = "stopped"
	Paused   Status = "paused"
)

// State is the content of one state file, limited to the fields that are used.
type State struct {
	// ContainerID is the ID of the container.
	ContainerID string
	// Created is when the container was created.
	Created time.Time
	Status  Status
	// OCIVersion is the OCI version of the spec.
	OCIVersion string
	// RunsAsRoot reports whether the process of the container starts with user ID 0.
	RunsAsRoot bool
	// Capabilities is the union of the bounding, effective, inheritable,
	// permitted and ambient sets.
	Capabilities Capabilities
	Annotations  Annotations
	// Listed are the annotations of the spec that are listed in the call of Parse, sorted by
	// key, with values of at most [sandbox.MaxAnnotationLength] bytes.
	Listed []sandbox.Attribute
	// SpecCgroup is the path of the cgroup in the spec, in the notation of either
	// cgroup driver. See [Sandbox.Cgroup].
	SpecCgroup string
	// Resources are the limits in the spec.
	Resources Resources
	// Filestore is the path of the file in which gVisor stores what the container
	// writes to its root file system; empty if there is none or its path is unknown.
	Filestore string
	// Identity is the pod of the container, and its name there.
	Identity kubepod.Identity
	Sandbox  Sandbox
}

// Annotations are those annotations of the spec that describe the container.
type Annotations struct {
	// NVProxy and TPUProxy report whether the container can access NVIDIA GPUs
	// and TPUs of the host.
	NVProxy, TPUProxy bool
}

// Sandbox is the part of a state file that describes the whole sandbox. The
// state files of all its containers repeat it, each as of the time when the file
// was written.
type Sandbox struct {
	ID string
	// PodName and PodNamespace are the annotations io.kubernetes.cri.sandbox-name
	// and io.kubernetes.cri.sandbox-namespace, which runsc copies whoever has
	// written them. Use them only where upstream's labels are reproduced.
	PodName, PodNamespace string
	// PID is the ID of the sandbox process in the PID namespace of runsc, 0 if
	// there is no process.
	PID int
	// RegisteredMetrics is the JSON registration of all metrics, nil if runsc did
	// not request it from the sandbox. It points into the bytes passed to Parse.
	RegisteredMetrics []byte
	// Metadata describes the build of runsc and its flags, sorted by key.
	Metadata []sandbox.Attribute
	// MetricServer is the address given with --metric-server. It may contain the
	// placeholders %RUNTIME_ROOT% and %ID%.
	MetricServer string
	// Cgroup is the path of the cgroup of the sandbox process, relative to the root of
	// the hierarchy. It is empty if runsc did not create or join one, or if the path is
	// not the same for all controllers of cgroup v1. Whatever started runsc can still
	// have moved it to the one in the spec of the root container.
	Cgroup string
	// Socket is the path of the control socket.
	Socket string
	// Started is the time when runsc began to start the sandbox, zero if unknown.
	Started time.Time
	// Checkpointed and Restored report whether the sandbox was saved and whether
	// it was started from a checkpoint.
	Checkpointed, Restored bool
	// CPUTimeSaved and WallTimeSaved are the times that the restore saved.
	CPUTimeSaved, WallTimeSaved time.Duration
}
