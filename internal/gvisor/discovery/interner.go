package discovery

import (
	"slices"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

// containerState is the part of a state file that is kept.
type containerState struct {
	container    Container
	spec         Spec
	capabilities statefile.Capabilities
	// limits are those in the spec, and podLimits those that the kubelet requested for
	// the whole pod, which only the root container has.
	limits, podLimits Limits
	// sandbox describes the whole sandbox. It is set for the root container only.
	// Its fields that depend on the files of other containers are ignored.
	sandbox *Sandbox
	// written is the modification time of the state file.
	written time.Time
}

// interner converts parsed state files. It stores strings and metadata that many
// sandboxes share only once.
type interner struct {
	registrations *registration.Cache
	strings       map[string]string
	metadata      map[string]*Metadata
}

// maxInterned limits the number of strings, and of metadata, that an interner
// keeps. The sandboxes of a host share a handful of each. An interner that reaches
// the limit starts over with an empty table.
const maxInterned = 1024

func newInterner(registrations *registration.Cache) *interner {
	return &interner{
		registrations: registrations,
		strings:       map[string]string{},
		metadata:      map[string]*Metadata{},
	}
}

// intern converts the state of a container in the given root.
func (i *interner) intern(root string, state *statefile.State, written time.Time) containerState {
	c := containerState{
		container: Container{
			ID: state.ContainerID, Name: state.Identity.ContainerName, NameInRuntime: state.Identity.NameInRuntime,
			Image: i.internString(state.Identity.Image), Filestore: state.Filestore,
		},
		spec: Spec{
			RunsAsRoot: state.RunsAsRoot,
			OCIVersion: i.internString(state.OCIVersion),
			NVProxy:    state.Annotations.NVProxy,
			TPUProxy:   state.Annotations.TPUProxy,
		},
		capabilities: state.Capabilities,
		limits:       limitsOfSpec(state.Resources),
		podLimits:    limitsOfPod(state.Identity.Requested),
		written:      written,
	}
	if state.ContainerID == state.Sandbox.ID {
		c.sandbox = i.internSandbox(root, state)
	}
	return c
}

// internSandbox converts the state of a root container.
func (i *interner) internSandbox(root string, state *statefile.State) *Sandbox {
	s := &state.Sandbox
	identity := &state.Identity
	converted := &Sandbox{
		Key:           Key{Root: root, ID: s.ID},
		Created:       state.Created,
		Started:       s.Started,
		Status:        statefile.Status(i.internString(string(state.Status))),
		PID:           s.PID,
		Socket:        s.Socket,
		MetricServer:  i.internString(s.MetricServer),
		InPod:         identity.InPod,
		Pod:           identity.Pod,
		PodConflict:   identity.Conflict,
		Annotations:   state.Listed,
		Manager:       identity.Manager,
		Cgroup:        s.Cgroup,
		SpecCgroup:    state.SpecCgroup,
		Metadata:      i.internMetadata(s),
		Checkpointed:  s.Checkpointed,
		Restored:      s.Restored,
		CPUTimeSaved:  s.CPUTimeSaved,
		WallTimeSaved: s.WallTimeSaved,
	}
	if hasUpstreamPod(identity) {
		converted.UpstreamPodName, converted.UpstreamPodNamespace = s.PodName, s.PodNamespace
	}
	if converted.Started.IsZero() {
		converted.Started = state.Created
	}
	if s.RegisteredMetrics != nil {
		converted.Registration, converted.RegistrationError = i.registrations.Get(s.RegisteredMetrics)
	}
	return converted
}

// hasUpstreamPod reports whether the pod that runsc recorded becomes the labels of
// the upstream exporter. runsc copies it from annotations that only containerd
// writes itself; there it is the same pod as in the identity, and it stays as it is.
// Under CRI-O it is always a forgery, and Docker and podman have no pods of
// Kubernetes. Without a known manager, whoever ran runsc on the host wrote the
// whole spec, which includes the name, so there is no tenant to distrust.
func hasUpstreamPod(identity *kubepod.Identity) bool {
	return identity.Manager == kubepod.Containerd || identity.Manager == kubepod.Unknown
}

func (i *interner) internString(s string) string {
	if known, ok := i.strings[s]; ok {
		return known
	}
	if len(i.strings) >= maxInterned {
		clear(i.strings)
	}
	i.strings[s] = s
	return s
}

func (i *interner) internMetadata(s *statefile.Sandbox) *Metadata {
	var key strings.Builder
	for _, attribute := range s.Metadata {
		// runsc writes neither byte in a JSON string.
		key.WriteString(attribute.Key + "\x00" + attribute.Value + "\x01")
	}
	if known := i.metadata[key.String()]; known != nil {
		return known
	}
	if len(i.metadata) >= maxInterned {
		clear(i.metadata)
	}
	metadata := &Metadata{Attributes: slices.Clip(s.Metadata)}
	i.metadata[key.String()] = metadata
	return metadata
}
