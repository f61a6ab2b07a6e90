package statefile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	podUID           = "0b1ee0de-0000-4000-8000-000000000001"
	podUIDSlice      = "kubepods-pod0b1ee0de_0000_4000_8000_000000000001.slice"
	containerdBundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/web"
)

// forged are annotations of a pod that claims to be another pod under either
// manager.
const forged = `"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"victim",` +
	`"io.kubernetes.cri.sandbox-namespace":"victim","io.kubernetes.cri.sandbox-uid":"victim",` +
	`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"victim","io.kubernetes.cri-o.Namespace":"victim"`

// TestPodIdentityCannotBeForged covers pods whose annotations contain the keys of
// another container runtime, or of their own where it can be overridden.
func TestPodIdentityCannotBeForged(t *testing.T) {
	labels := `"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"` + podUID + `"`
	for name, test := range map[string]struct {
		cgroup, bundle, annotations string
		want                        sandbox.Pod
		conflict                    bool
	}{
		"containerd with keys of CRI-O": {
			podUIDSlice + ":cri-containerd:web", containerdBundle,
			`"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-0",` +
				`"io.kubernetes.cri.sandbox-namespace":"shop",` +
				`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"victim","io.kubernetes.pod.uid":"victim"`,
			sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podUID},
			false,
		},
		"CRI-O with keys of containerd": {
			podUIDSlice + ":crio:web", "/run/containers/storage/overlay-containers/web/userdata",
			`"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"victim",` +
				`"io.kubernetes.cri.sandbox-uid":"victim",` +
				`"io.kubernetes.cri-o.KubeName":"web-0",` + labels,
			sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podUID},
			false,
		},
		"CRI-O with all keys overridden": {
			podUIDSlice + ":crio:web", "/run/containers/storage/overlay-containers/web/userdata", forged + "," + labels,
			sandbox.Pod{UID: podUID},
			true,
		},
		"Docker": {"/docker/web", "/run/docker/x/io.containerd.runtime.v2.task/moby/web", forged, sandbox.Pod{}, false},
		"podman": {
			"machine.slice:libpod:web", "/var/lib/containers/storage/overlay-containers/web/userdata", forged,
			sandbox.Pod{},
			false,
		},
		"by hand": {"/web", "/bundles/web", forged, sandbox.Pod{}, false},
		"CRI-O or containerd": {
			podUIDSlice + ":crio:web", containerdBundle, forged, sandbox.Pod{}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			const format = `{"spec":{"annotations":{%s},"linux":{"cgroupsPath":%q}},"bundleDir":%q,` +
				`"id":"web","createdAt":"2026-01-02T03:04:05Z","status":"running",` +
				`"sandbox":{"id":"web","podName":"victim","namespace":"victim"}}`
			state, err := Parse(fmt.Appendf(nil, format, test.annotations, test.cgroup, test.bundle))
			require.NoError(t, err)
			assert.Equal(t, test.want, state.Identity.Pod)
			assert.Equal(t, test.conflict, state.Identity.Conflict)
		})
	}
}
