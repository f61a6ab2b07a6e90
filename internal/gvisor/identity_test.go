package gvisor

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestIteration(t *testing.T) {
	// The label that gVisor's exporter emitted for this sandbox.
	const want = "1zo45mry6r0nd"
	created := time.Date(2026, 11, 20, 9, 43, 49, 901690938, time.UTC)
	assert.Equal(t, want, iteration("busy2", created))
	assert.Equal(t, want, iteration("busy2", created.In(time.FixedZone("", 3600))), "the time zone of the state file must not matter")
	assert.NotEqual(t, want, iteration("busy2", created.Add(1)))
	assert.NotEqual(t, want, iteration("busy3", created))
	// gVisor's exporter hashes the result of Time.String, which omits trailing zeros.
	whole := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	assert.Equal(t, whole.String(), whole.Format("2006-01-02 15:04:05.999999999 -0700 MST"))
}

// recordIdentity returns the identity of the sandbox in record.
func recordIdentity() sandbox.Identity {
	return sandbox.Identity{
		Runtime:        "gvisor",
		RuntimeVersion: "release-20260901.0",
		Root:           "/run/runsc",
		ID:             "busy2",
		Iteration:      "1zo45mry6r0nd",
		Created:        record().Created,
		Container:      sandbox.Container{ID: "busy2"},
		UpstreamLabels: []sandbox.Attribute{{Key: "sandbox", Value: "busy2"}, {Key: "iteration", Value: "1zo45mry6r0nd"}},
		Trust:          sandbox.FirstUse,
	}
}

// identityTests are changes of a record with the resulting changes of the identity.
var identityTests = map[string]struct {
	change func(*discovery.Sandbox)
	want   func(*sandbox.Identity)
}{
	"started by hand": {func(*discovery.Sandbox) {}, func(*sandbox.Identity) {}},
	"registered": {
		func(s *discovery.Sandbox) { s.Registration = &registration.Registration{} },
		func(id *sandbox.Identity) { id.Trust = sandbox.Registered },
	},
	"invalid registration": {
		func(s *discovery.Sandbox) { s.RegistrationError = assert.AnError },
		func(id *sandbox.Identity) { id.Trust = sandbox.Registered },
	},
	"no version": {
		func(s *discovery.Sandbox) { s.Metadata = &discovery.Metadata{} },
		func(id *sandbox.Identity) { id.RuntimeVersion = "" },
	},
	"build without a version": {
		func(s *discovery.Sandbox) { s.Metadata.Attributes[1].Value = "VERSION_MISSING" },
		func(id *sandbox.Identity) { id.RuntimeVersion = "" },
	},
	"pod": {
		func(s *discovery.Sandbox) {
			s.InPod, s.Pod = true, sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "u"}
			s.UpstreamPodName, s.UpstreamPodNamespace = "web-0", "shop"
		},
		func(id *sandbox.Identity) {
			id.Pod = sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "u"}
			id.Container = sandbox.Container{}
			id.UpstreamLabels = append(id.UpstreamLabels,
				sandbox.Attribute{Key: "pod_name", Value: "web-0"}, sandbox.Attribute{Key: "namespace_name", Value: "shop"})
		},
	},
	"pod with conflicting evidence": {
		func(s *discovery.Sandbox) { s.InPod, s.PodConflict = true, true },
		func(id *sandbox.Identity) { id.PodConflict, id.Container = true, sandbox.Container{} },
	},
	"pod that runsc did not record": {
		func(s *discovery.Sandbox) { s.InPod, s.Pod = true, sandbox.Pod{Name: "web-0"} },
		func(id *sandbox.Identity) { id.Pod.Name, id.Container = "web-0", sandbox.Container{} },
	},
	"container with a name and an image": {
		func(s *discovery.Sandbox) {
			s.Containers[0] = discovery.Container{ID: "busy2", Name: "a", NameInRuntime: "b", Image: "c", Filestore: "/d"}
		},
		func(id *sandbox.Identity) {
			id.Container = sandbox.Container{ID: "busy2", Name: "a", NameInRuntime: "b", Image: "c"}
		},
	},
	"annotations": {
		func(s *discovery.Sandbox) { s.Annotations = []sandbox.Attribute{{Key: "team", Value: "search"}} },
		func(id *sandbox.Identity) { id.Annotations = []sandbox.Attribute{{Key: "team", Value: "search"}} },
	},
	"several containers": {
		func(s *discovery.Sandbox) { s.Containers = append(s.Containers, discovery.Container{ID: "app"}) },
		func(id *sandbox.Identity) { id.Container = sandbox.Container{} },
	},
}

func TestIdentity(t *testing.T) {
	for name, test := range identityTests {
		t.Run(name, func(t *testing.T) {
			s, want := record(), recordIdentity()
			test.change(s)
			test.want(&want)
			assert.Equal(t, want, identityOf(s, &info{}))
		})
	}
}

func TestMetadataBecomeResourceAttributes(t *testing.T) {
	s := record()
	s.Metadata.Attributes = slices.Insert(s.Metadata.Attributes, 0,
		sandbox.Attribute{Key: "future", Value: "x"}, sandbox.Attribute{Key: "overlay", Value: "root:self"})
	info := newFamilies("runsc_", true, false).infoOf(s.Metadata)
	assert.Equal(t, []sandbox.Attribute{
		{Key: "gvisor.overlay", Value: "root:self"}, {Key: "gvisor.platform", Value: "kvm"},
	}, identityOf(s, info).Attributes, "unknown keys and the version must not become resource attributes")
	assert.Equal(t, []string{"future", "overlay", "platform", "version"}, info.family.Prometheus.LabelKeys)
	assert.Equal(t, []string{"x", "root:self", "kvm", "release-20260901.0"}, info.values)
}

// TestResourceKeysAreDeclared checks the keys against metadata.yaml: attributes that are
// not declared there are never exported.
func TestResourceKeysAreDeclared(t *testing.T) {
	declared := confmap.New()
	require.NoError(t, declared.Marshal(metadata.DefaultResourceAttributesConfig()))
	for _, key := range resourceKeys {
		assert.Contains(t, declared.ToStringMap(), key)
	}
}

func TestState(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*discovery.Sandbox)
		want   sandbox.State
	}{
		"running":              {func(*discovery.Sandbox) {}, sandbox.Running},
		"paused":               {func(s *discovery.Sandbox) { s.Status = "paused" }, sandbox.Paused},
		"created":              {func(s *discovery.Sandbox) { s.Status = "created" }, sandbox.Created},
		"unknown status":       {func(s *discovery.Sandbox) { s.Status = "asleep" }, sandbox.Running},
		"creating":             {func(s *discovery.Sandbox) { s.Status = "creating" }, sandbox.Booting},
		"stopped":              {func(s *discovery.Sandbox) { s.Status = "stopped" }, sandbox.Stopped},
		"exited":               {func(s *discovery.Sandbox) { s.Exited = true }, sandbox.Stopped},
		"unseen":               {func(s *discovery.Sandbox) { s.Unseen = true }, sandbox.Unknown},
		"unseen while booting": {func(s *discovery.Sandbox) { s.Status, s.Unseen = "creating", true }, sandbox.Booting},
		"unseen and created":   {func(s *discovery.Sandbox) { s.Status, s.Unseen = "created", true }, sandbox.Unknown},
		"unseen and paused":    {func(s *discovery.Sandbox) { s.Status, s.Unseen = "paused", true }, sandbox.Paused},
		"unseen and stopped":   {func(s *discovery.Sandbox) { s.Status, s.Unseen = "stopped", true }, sandbox.Stopped},
		"exited while booting": {func(s *discovery.Sandbox) { s.Status, s.Exited = "creating", true }, sandbox.Stopped},
	} {
		s := record()
		test.change(s)
		assert.Equal(t, sandbox.Status{State: test.want}, statusOf(s), name)
	}
}
