package gvisor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestMixedAnnotations checks that annotations of every container runtime that name
// another pod do not change the pod of a sandbox, whichever runtime created it.
func TestMixedAnnotations(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	for _, style := range simulate.PodStyles {
		for containers := range 2 {
			id := fmt.Sprint(style, "-", containers)
			addGVisor(t, fleet, simgvisor.Options{ID: id, Mode: simgvisor.MixedAnnotations, Pod: style, Containers: containers})
		}
	}
	r := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	for _, simulated := range fleet.GVisor() {
		s := r.get(simulated.ID())
		checkMixedIdentity(t, s.Identity(), simulated.Pod())
		_, err := pull(t, s, longTimeout)
		assert.NoError(t, err, s.identity.ID)
		for _, line := range append(infoLines(s, false), infoLines(s, true)...) {
			assert.NotContains(t, line, simulate.ForgedPodName, s.identity.ID)
		}
	}
}

func checkMixedIdentity(t *testing.T, id *sandbox.Identity, pod simulate.Pod) {
	t.Helper()
	want, conflict := sandbox.Pod{}, false
	switch pod.Style {
	case simulate.Containerd:
		want = sandbox.Pod{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID}
	case simulate.CRIO:
		want, conflict = sandbox.Pod{UID: pod.UID}, true
	case simulate.Contradictory:
		conflict = true
	}
	assert.Equal(t, want, id.Pod, id.ID)
	assert.Equal(t, conflict, id.PodConflict, id.ID)
	assert.NotContains(t, fmt.Sprintf("%+v", *id), simulate.ForgedPodName, id.ID)
}
