package gvisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestIteration(t *testing.T) {
	// As seen on a page of gVisor's exporter.
	created := time.Date(2026, 11, 20, 9, 43, 49, 901690938, time.UTC)
	assert.Equal(t, "1zo45mry6r0nd", iteration("busy2", created))
	assert.Equal(t, "1zo45mry6r0nd", iteration("busy2", created.In(time.FixedZone("", 3600))), "whatever time zone the file uses")
	assert.NotEqual(t, "1zo45mry6r0nd", iteration("busy2", created.Add(1)))
	assert.NotEqual(t, "1zo45mry6r0nd", iteration("busy3", created))
	// Time.String, which the label is made of there, leaves trailing zeros out.
	whole := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	assert.Equal(t, whole.String(), whole.Format("2006-01-02 15:04:05.999999999 -0700 MST"))
}

// record is of a sandbox as runsc by hand makes it.
func record() *discovery.Sandbox {
	created := time.Date(2026, 11, 20, 9, 43, 49, 901690938, time.UTC)
	return &discovery.Sandbox{
		Key:        discovery.Key{Root: "/run/runsc", ID: "busy2"},
		Created:    created,
		Started:    created.Add(-time.Millisecond),
		Status:     "running",
		PID:        42,
		Socket:     "/run/runsc/runsc-busy2.sock",
		Containers: []discovery.Container{{ID: "busy2"}},
		Metadata:   &discovery.Metadata{Attributes: []sandbox.Attribute{{Key: "platform", Value: "kvm"}, {Key: "version", Value: "release-20260901.0"}}},
		Spec:       discovery.Spec{OCIVersion: "1.0.0", RunsAsRoot: true},
	}
}

func TestIdentity(t *testing.T) {
	minimal := sandbox.Identity{
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
	for name, test := range map[string]struct {
		change func(*discovery.Sandbox)
		want   func(*sandbox.Identity)
	}{
		"by hand": {func(*discovery.Sandbox) {}, func(*sandbox.Identity) {}},
		"registered": {
			func(s *discovery.Sandbox) { s.Registration = &registration.Registration{} },
			func(id *sandbox.Identity) { id.Trust = sandbox.Registered },
		},
		"registered, but invalid": {
			func(s *discovery.Sandbox) { s.RegistrationError = assert.AnError },
			func(id *sandbox.Identity) { id.Trust = sandbox.Registered },
		},
		"without a version": {
			func(s *discovery.Sandbox) { s.Metadata = &discovery.Metadata{} },
			func(id *sandbox.Identity) { id.RuntimeVersion = "" },
		},
		"of a build without a version": {
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
				id.UpstreamLabels = append(id.UpstreamLabels, sandbox.Attribute{Key: "pod_name", Value: "web-0"}, sandbox.Attribute{Key: "namespace_name", Value: "shop"})
			},
		},
		"pod with conflicting evidence": {
			func(s *discovery.Sandbox) { s.InPod, s.PodConflict = true, true },
			func(id *sandbox.Identity) { id.PodConflict, id.Container = true, sandbox.Container{} },
		},
		"pod that runsc does not know": {
			func(s *discovery.Sandbox) { s.InPod, s.Pod = true, sandbox.Pod{Name: "web-0"} },
			func(id *sandbox.Identity) { id.Pod.Name, id.Container = "web-0", sandbox.Container{} },
		},
		"several containers": {
			func(s *discovery.Sandbox) { s.Containers = append(s.Containers, discovery.Container{ID: "app"}) },
			func(id *sandbox.Identity) { id.Container = sandbox.Container{} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, want := record(), minimal
			want.UpstreamLabels = append([]sandbox.Attribute(nil), minimal.UpstreamLabels...)
			test.change(s)
			test.want(&want)
			assert.Equal(t, want, identityOf(s, &info{}))
		})
	}
}

func TestState(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*discovery.Sandbox)
		want   sandbox.State
	}{
		"running":                {func(*discovery.Sandbox) {}, sandbox.Running},
		"paused":                 {func(s *discovery.Sandbox) { s.Status = "paused" }, sandbox.Running},
		"created":                {func(s *discovery.Sandbox) { s.Status = "created" }, sandbox.Running},
		"of a later release":     {func(s *discovery.Sandbox) { s.Status = "asleep" }, sandbox.Running},
		"creating":               {func(s *discovery.Sandbox) { s.Status = "creating" }, sandbox.Booting},
		"stopped":                {func(s *discovery.Sandbox) { s.Status = "stopped" }, sandbox.Stopped},
		"killed":                 {func(s *discovery.Sandbox) { s.Exited = true }, sandbox.Stopped},
		"unseen":                 {func(s *discovery.Sandbox) { s.Unseen = true }, sandbox.Unknown},
		"unseen while it boots":  {func(s *discovery.Sandbox) { s.Status, s.Unseen = "creating", true }, sandbox.Booting},
		"unseen and stopped":     {func(s *discovery.Sandbox) { s.Status, s.Unseen = "stopped", true }, sandbox.Stopped},
		"killed while it booted": {func(s *discovery.Sandbox) { s.Status, s.Exited = "creating", true }, sandbox.Stopped},
	} {
		s := record()
		test.change(s)
		assert.Equal(t, sandbox.Status{State: test.want}, statusOf(s), name)
	}
}
