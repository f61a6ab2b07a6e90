package statefile

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Status is where runsc says a container is in its life.
type Status string

// What runsc writes. A file may claim Running although its process was killed.
const (
	Creating Status = "creating"
	Created  Status = "created"
	Running  Status = "running"
	Stopped  Status = "stopped"
	Paused   Status = "paused"
)

// State is what is taken from one state file.
type State struct {
	// ContainerID is the id of the container.
	ContainerID string
	// Created is when the container was created.
	Created time.Time
	Status  Status
	// OCIVersion is the version that the spec claims.
	OCIVersion string
	// RunsAsRoot: the container's process starts with user id 0.
	RunsAsRoot bool
	// Capabilities is the union of the bounding, effective, inheritable,
	// permitted and ambient set.
	Capabilities Capabilities
	Annotations  Annotations
	Sandbox      Sandbox
}

// Annotations are those of the spec's annotations that matter, whichever
// container manager wrote them.
type Annotations struct {
	// InPod: a Kubernetes container manager made the container.
	InPod bool
	// ContainerName is the container's name in its pod.
	ContainerName string
	Pod           sandbox.Pod
	// NVProxy, TPUProxy: access to such devices is passed through.
	NVProxy, TPUProxy bool
}

// Sandbox is what the file says about the sandbox as a whole. The files of all
// its containers repeat it, as it was when each was written.
type Sandbox struct {
	ID string
	// PodName and PodNamespace are what runsc took from the annotations.
	PodName, PodNamespace string
	// PID is the sandbox process as runsc saw it, 0 if it has none.
	PID int
	// RegisteredMetrics is the registration of all metrics in JSON, nil if
	// runsc did not ask for it. It points into the bytes that were parsed.
	RegisteredMetrics []byte
	// Metadata describes the build and its flags, sorted by key.
	Metadata []sandbox.Attribute
	// MetricServer is the address given with --metric-server; it may hold
	// %RUNTIME_ROOT% or %ID%.
	MetricServer string
	// Socket is the path of the control socket.
	Socket string
	// Started is when runsc began to start the sandbox, zero if unknown.
	Started time.Time
	// Checkpointed, Restored: the sandbox was saved, or began from a save.
	Checkpointed, Restored bool
	// CPUTimeSaved, WallTimeSaved is what a restore saved.
	CPUTimeSaved, WallTimeSaved time.Duration
}
