package discovery

import (
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Key identifies a sandbox by its root and ID. Consecutive instances with the same
// ID have the same key.
type Key struct {
	// Root is the path of the runtime root.
	Root string
	// ID is the sandbox ID.
	ID string
}

// StateFile returns the path of the state file of the root container.
func (k Key) StateFile() string {
	return filepath.Join(k.Root, statefile.Name{ContainerID: k.ID, SandboxID: k.ID}.String())
}

// Sandbox is the combined content of the state files of all containers of a
// sandbox at one time. It must not be modified. Several values in a row can
// describe the same instance, which Key and Created identify.
type Sandbox struct {
	Key
	// Created is the creation time of the root container.
	Created time.Time
	// Started is the time shortly before the sandbox process was started. A
	// restored sandbox has a new process. Cumulative values start at this time.
	Started time.Time
	// Status is the status of the root container.
	Status statefile.Status
	// PID is the ID of the sandbox process, 0 if unknown.
	PID int
	// Running is when the state file showed for the first time that the workload runs,
	// zero if it has not, or if the file had been written since.
	Running time.Time
	// Exited reports whether the sandbox process has exited, and Exit how.
	Exited bool
	Exit   Exit
	// Unseen reports whether the sandbox process may exist although it cannot be
	// seen.
	Unseen bool
	// Socket is the recorded path of the control socket.
	Socket string
	// MetricServer is the recorded address of the metric server.
	MetricServer string

	// InPod reports whether the sandbox is a Kubernetes pod.
	InPod bool
	// Pod identifies the pod.
	Pod sandbox.Pod
	// PodConflict reports whether the evidence for the pod conflicts, so that Pod is
	// incomplete.
	PodConflict bool
	// UpstreamPodName and UpstreamPodNamespace identify the pod as the upstream
	// exporter does. They are empty if runsc did not record them or a tenant could
	// have forged them.
	UpstreamPodName, UpstreamPodNamespace string
	// Annotations are those of the root container that [Settings.Annotations] lists,
	// sorted by key. Whoever created the container could set them.
	Annotations []sandbox.Attribute
	// Manager is the container runtime that created the root container.
	Manager kubepod.Manager
	// Cgroup is the path of the cgroup that runsc created or joined for the sandbox,
	// and SpecCgroup the one in the spec of the root container; see
	// [statefile.Sandbox.Cgroup]. Either can be empty.
	Cgroup, SpecCgroup string
	// Requested are the limits of the whole sandbox that were requested when it or one
	// of its containers was created.
	Requested Limits
	// Containers are all containers of the sandbox, sorted by ID.
	Containers []Container

	// Registration describes the metrics of the sandbox, nil if runsc did not
	// record a registration.
	Registration *registration.Registration
	// RegistrationError is the error if the recorded registration is invalid.
	RegistrationError error
	// Metadata describes the build. Sandboxes with equal metadata share it.
	Metadata *Metadata
	// Spec summarizes the specs of all containers.
	Spec Spec
	// Capabilities is the union of the capabilities of all containers.
	Capabilities statefile.Capabilities

	Checkpointed, Restored      bool
	CPUTimeSaved, WallTimeSaved time.Duration
}

// Exit is how the process of a sandbox has ended.
type Exit struct {
	// Status is the status of the process.
	Status host.ExitStatus
	// Deleting reports whether runsc held the lock of the state file when the end was
	// noticed, as it does while it kills and deletes a sandbox.
	Deleting bool
}

// expectsProcess reports whether the sandbox has a process according to its state
// file.
func (s *Sandbox) expectsProcess() bool {
	return s.Status != statefile.Stopped && s.Status != statefile.Creating
}

// Container is one container of a sandbox.
type Container struct {
	ID string
	// Name is the name of the container in its pod, empty outside of pods.
	Name string
	// NameInRuntime is its name in the container runtime, if that writes it in an
	// annotation.
	NameInRuntime string
	// Image is the image as the container runtime names it, empty if unknown.
	Image string
	// Filestore is the path of the file in which gVisor stores what the container
	// writes to its root file system; empty if there is none or its path is unknown.
	// Its size is that of its allocated blocks. Do not follow a link in its place.
	Filestore string
}

// Metadata describes the build of a sandbox and its flags.
type Metadata struct {
	// Attributes are sorted by key.
	Attributes []sandbox.Attribute
}

// Value returns the value of an attribute, empty if the attribute is missing.
func (m *Metadata) Value(key string) string {
	for _, attribute := range m.Attributes {
		if attribute.Key == key {
			return attribute.Value
		}
	}
	return ""
}

// Spec summarizes the specs of all containers of a sandbox.
type Spec struct {
	// RunsAsRoot reports whether the process of any container starts with user
	// ID 0.
	RunsAsRoot bool
	// OCIVersion is the version of all specs, or [InconsistentVersion].
	OCIVersion string
	// NVProxy and TPUProxy report whether any container can access NVIDIA GPUs and
	// TPUs of the host.
	NVProxy, TPUProxy bool
}

// InconsistentVersion is the OCI version if the specs have different versions.
const InconsistentVersion = "INCONSISTENT"
