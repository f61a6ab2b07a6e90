package discovery

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// facts is what is kept of one state file.
type facts struct {
	container    Container
	spec         Spec
	capabilities statefile.Capabilities
	// sandbox is what the file of the root container says of the whole, nil in
	// all other files. Fields that depend on other files do not count.
	sandbox *Sandbox
	// written is when the file was.
	written time.Time
}

// condenser turns parsed files into facts, in which equal texts that many
// sandboxes share exist once.
type condenser struct {
	registrations *registration.Cache
	texts         map[string]string
	metadata      map[string]*Metadata
}

// keptTexts is how many texts a condenser remembers. All sandboxes of one host
// share a handful; if there are ever more, it begins anew.
const keptTexts = 1024

func newCondenser(registrations *registration.Cache) *condenser {
	return &condenser{
		registrations: registrations,
		texts:         map[string]string{},
		metadata:      map[string]*Metadata{},
	}
}

func (c *condenser) condense(root string, state *statefile.State, written time.Time) facts {
	f := facts{
		container: Container{ID: state.ContainerID, Name: state.Annotations.ContainerName},
		spec: Spec{
			RunsAsRoot: state.RunsAsRoot,
			OCIVersion: c.intern(state.OCIVersion),
			NVProxy:    state.Annotations.NVProxy,
			TPUProxy:   state.Annotations.TPUProxy,
		},
		capabilities: state.Capabilities,
		written:      written,
	}
	if state.ContainerID != state.Sandbox.ID {
		return f
	}
	s := &state.Sandbox
	pod := state.Annotations.Pod
	pod.Name = cmp.Or(s.PodName, pod.Name)
	pod.Namespace = cmp.Or(s.PodNamespace, pod.Namespace)
	f.sandbox = &Sandbox{
		Key:              Key{Root: root, ID: s.ID},
		Created:          state.Created,
		Started:          s.Started,
		Status:           statefile.Status(c.intern(string(state.Status))),
		PID:              s.PID,
		Socket:           s.Socket,
		MetricServer:     c.intern(s.MetricServer),
		InPod:            state.Annotations.InPod || s.PodName != "",
		Pod:              pod,
		PeerPodName:      s.PodName,
		PeerPodNamespace: s.PodNamespace,
		Metadata:         c.internMetadata(s),
		Checkpointed:     s.Checkpointed,
		Restored:         s.Restored,
		CPUTimeSaved:     s.CPUTimeSaved,
		WallTimeSaved:    s.WallTimeSaved,
	}
	if f.sandbox.Started.IsZero() {
		f.sandbox.Started = state.Created
	}
	if s.RegisteredMetrics != nil {
		f.sandbox.Registration, f.sandbox.RegistrationError = c.registrations.Get(s.RegisteredMetrics)
	}
	return f
}

func (c *condenser) intern(text string) string {
	if known, ok := c.texts[text]; ok {
		return known
	}
	if len(c.texts) >= keptTexts {
		clear(c.texts)
	}
	c.texts[text] = text
	return text
}

func (c *condenser) internMetadata(s *statefile.Sandbox) *Metadata {
	var key strings.Builder
	for _, attribute := range s.Metadata {
		// Neither byte can be part of a text in JSON as runsc writes it.
		key.WriteString(attribute.Key + "\x00" + attribute.Value + "\x01")
	}
	if known := c.metadata[key.String()]; known != nil {
		return known
	}
	if len(c.metadata) >= keptTexts {
		clear(c.metadata)
	}
	metadata := &Metadata{Attributes: slices.Clip(s.Metadata)}
	c.metadata[key.String()] = metadata
	return metadata
}
