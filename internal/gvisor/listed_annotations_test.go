package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestListedAnnotationsArePartOfTheIdentity covers a pod whose other container has
// another value for the annotation: that of the root container counts.
func TestListedAnnotationsArePartOfTheIdentity(t *testing.T) {
	const kind, name = "io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-name"
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Pod: simulate.Containerd, Containers: 1})
	for _, listed := range [][]string{nil, {name, kind, "absent"}} {
		runtime := newRuntime(t, testConfig(fleet.RuntimeRoot()))
		runtime.annotations = listed
		id := watch(t, runtime).get("web").Identity()
		if listed == nil {
			assert.Empty(t, id.Annotations)
			continue
		}
		assert.Equal(t, []sandbox.Attribute{{Key: kind, Value: "sandbox"}, {Key: name, Value: id.Pod.Name}}, id.Annotations)
	}
}

// A sandbox that is not collected is closed as soon as it was reported.
func TestClosedSandboxesAreNotCounted(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	a := newAdmission(runtime, newRecorder(t))
	a.Scanned()
	for _, id := range []string{"a", "b"} {
		r := record()
		r.Key, r.Checkpointed = discovery.Key{Root: "/run/runsc", ID: id}, true
		a.Added(r)
	}
	count := func() int64 {
		r := new(sandbox.Reading)
		runtime.AppendRuntimeMetrics(r, sandbox.Stats{})
		for i := range r.Points {
			if r.Points[i].Family == runtime.families.allCheckpointed {
				return r.Points[i].Value.AsInt()
			}
		}
		return -1
	}
	assert.EqualValues(t, 2, count())
	require.NoError(t, runtime.sandboxes[discovery.Key{Root: "/run/runsc", ID: "a"}].Close())
	assert.EqualValues(t, 1, count())
}
