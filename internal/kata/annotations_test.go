package kata

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// Annotations of every container runtime that name another pod do not change the pod
// of a sandbox, whichever container runtime created it. The state file of runtime-rs
// has no annotations, so only the cgroup path counts.
func TestMixedAnnotations(t *testing.T) {
	for _, style := range simulate.PodStyles {
		for _, rust := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/rust=%t", style, rust), func(t *testing.T) {
				s := newSimulated(t, simkata.Options{Mode: simkata.MixedAnnotations, Pod: style, Rust: rust})
				want, conflict := mixedPod(s.pod.Pod(), rust)
				id := s.Identity()
				if id.Pod != want || id.PodConflict != conflict {
					t.Errorf("got pod %+v, conflict %t; want %+v, %t", id.Pod, id.PodConflict, want, conflict)
				}
				if text := fmt.Sprintf("%+v", *id); strings.Contains(text, simulate.ForgedPodName) {
					t.Errorf("the identity contains the forged pod: %s", text)
				}
			})
		}
	}
}

// mixedPod returns the pod of a sandbox whose annotations are mixed, and whether its
// evidence conflicts.
func mixedPod(pod simulate.Pod, rust bool) (want sandbox.Pod, conflict bool) {
	switch pod.Style {
	case simulate.Containerd:
		want = sandbox.Pod{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID}
	case simulate.CRIO:
		want, conflict = sandbox.Pod{UID: pod.UID}, true
	case simulate.Contradictory:
		conflict = true
	}
	if !rust {
		return want, conflict
	}
	if strings.HasPrefix(pod.CgroupPath(""), "/kubepods/") {
		return sandbox.Pod{UID: pod.UID}, false
	}
	return sandbox.Pod{}, false
}
