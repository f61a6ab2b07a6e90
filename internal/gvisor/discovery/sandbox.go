package discovery

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Key is where a sandbox is found. Sandboxes that had the same id one after the
// other share it.
type Key struct {
	// Root is the path of the runtime root.
	Root string
	// ID is the sandbox id.
	ID string
}

// Sandbox is what the state files of all containers of a sandbox say at one
// time. It must not be changed. Of one life, that is with the same Key and
// Created, there may be several in a row.
type Sandbox struct {
	Key
	// Created is when its root container was created.
	Created time.Time
	// Started is when its process was started, shortly before; a restored
	// sandbox has a new process. Cumulative values count from there.
	Started time.Time
	// Status is that of the root container.
	Status statefile.Status
	// PID is the sandbox process, 0 if unknown.
	PID int
	// Exited: that process is no more.
	Exited bool
	// Socket is the recorded path of the control socket.
	Socket string
	// MetricServer is the recorded address of the metric server.
	MetricServer string

	// InPod: it is a Kubernetes pod.
	InPod bool
	// Pod names the pod.
	Pod sandbox.Pod
	// PeerPodName and PeerPodNamespace are the pod's names as far as runsc
	// knows them.
	PeerPodName, PeerPodNamespace string
	// Containers are all of its containers, by id.
	Containers []Container

	// Registration describes its metrics, if runsc recorded that.
	Registration *registration.Registration
	// RegistrationError is what is wrong with what runsc recorded.
	RegistrationError error
	// Metadata describes the build; equal metadata is there once.
	Metadata *Metadata
	// Spec sums up the specs of all containers.
	Spec Spec
	// Capabilities is the union over all containers.
	Capabilities statefile.Capabilities

	Checkpointed, Restored      bool
	CPUTimeSaved, WallTimeSaved time.Duration
}

// Container is one container of a sandbox.
type Container struct {
	ID string
	// Name is its name in the pod, empty outside pods.
	Name string
}

// Metadata describes the build of a sandbox and its flags.
type Metadata struct {
	// Attributes are sorted by key.
	Attributes []sandbox.Attribute
}

// Value is the value of an attribute, empty if there is none.
func (m *Metadata) Value(key string) string {
	for _, attribute := range m.Attributes {
		if attribute.Key == key {
			return attribute.Value
		}
	}
	return ""
}

// Spec sums up the specs of all containers of a sandbox.
type Spec struct {
	// RunsAsRoot: the process of some container starts with user id 0.
	RunsAsRoot bool
	// OCIVersion is the version of all specs, or [InconsistentVersion].
	OCIVersion string
	// NVProxy, TPUProxy: some container may use such devices.
	NVProxy, TPUProxy bool
}

// InconsistentVersion stands for several versions.
const InconsistentVersion = "INCONSISTENT"
