package discovery

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestFinderSharesMetadataAndRegistrations(t *testing.T) {
	root := t.TempDir()
	for _, id := range []string{"a", "b", "c"} {
		path := writeState(t, root, id, id, testTime)
		version := "1"
		if id == "c" {
			version = "2"
		}
		extra := `,"metricMetadata":{"version":"` + version + `","platform":"kvm"},"registeredMetrics":{"metrics":[` +
			`{"name":"/fs/opens","prometheus_name":"fs_opens","description":"d","cumulative":true}]}`
		require.NoError(t, os.WriteFile(path, stateFile(id, id, testTime, extra), 0o640))
	}
	f := newTestFinder(t, root)
	f.advance(0)
	a, b, c := f.present[Key{root, "a"}], f.present[Key{root, "b"}], f.present[Key{root, "c"}]
	assert.Same(t, a.Metadata, b.Metadata)
	assert.NotSame(t, a.Metadata, c.Metadata)
	assert.Equal(t, "kvm", a.Metadata.Value("platform"))
	assert.Equal(t, "2", c.Metadata.Value("version"))
	assert.Empty(t, c.Metadata.Value("missing"))
	require.NoError(t, a.RegistrationError)
	assert.NotNil(t, a.Registration)
	assert.Same(t, a.Registration, c.Registration)
}

func TestFinderInvalidRegistration(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	data := stateFile("web", "web", testTime, `,"registeredMetrics":{"metrics":[{"name":"/x"}]}`)
	require.NoError(t, os.WriteFile(path, data, 0o640))
	f := newTestFinder(t, root)
	assert.Equal(t, []string{"added web"}, f.advance(0), "the sandbox must be reported nevertheless")
	assert.Error(t, f.present[Key{root, "web"}].RegistrationError)
}

func TestInternerLimitsMemory(t *testing.T) {
	interner := newInterner(registration.NewCache("", registration.Limits{}))
	for n := range 3 * maxInterned {
		extra := fmt.Sprintf(`,"metricServerAddress":"%d","metricMetadata":{"k":"%d"}`, n, n)
		state, err := statefile.Parse(stateFile("a", "a", testTime, extra))
		require.NoError(t, err)
		c := interner.intern(testRoot, state, testTime)
		require.Equal(t, fmt.Sprint(n), c.sandbox.MetricServer)
		require.Equal(t, fmt.Sprint(n), c.sandbox.Metadata.Value("k"))
	}
	assert.LessOrEqual(t, len(interner.strings), maxInterned)
	assert.LessOrEqual(t, len(interner.metadata), maxInterned)
}

// TestInternerPod parses the state file of a pod as each container runtime writes
// it. runsc always records the pod of containerd's annotations.
func TestInternerPod(t *testing.T) {
	const annotations = `"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"p",` +
		`"io.kubernetes.cri.sandbox-namespace":"n","io.kubernetes.cri.sandbox-uid":"u","io.kubernetes.pod.name":"own"},`
	for name, test := range map[string]struct {
		bundle, cgroup string
		inPod          bool
		pod            sandbox.Pod
		upstream       string
		conflict       bool
	}{
		"containerd": {
			"/run/containerd/io.containerd.runtime.v2.task/k8s.io/a", "/k8s.io/a",
			true,
			sandbox.Pod{Name: "p", Namespace: "n", UID: "u"},
			"p", false,
		},
		"CRI-O":    {"/run/containers/storage/overlay-containers/a/userdata", "/x/crio-a", true, sandbox.Pod{Name: "own"}, "", false},
		"Docker":   {"/run/docker/io.containerd.runtime.v2.task/moby/a", "/docker/a", false, sandbox.Pod{}, "", false},
		"podman":   {"/run/containers/storage/overlay-containers/a/userdata", "/x/libpod-a", false, sandbox.Pod{}, "", false},
		"by hand":  {"/bundles/a", "/a", false, sandbox.Pod{}, "p", false},
		"conflict": {"/run/containerd/io.containerd.runtime.v2.task/k8s.io/a", "/x/crio-a", false, sandbox.Pod{}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			data := stateFile("a", "a", testTime, `,"podName":"p","namespace":"n"`)
			spec := annotations + fmt.Sprintf(`"linux":{"cgroupsPath":%q},"ociVersion"`, test.cgroup)
			data = bytes.Replace(data, []byte(`"ociVersion"`), []byte(spec), 1)
			data = bytes.Replace(data, []byte(`"spec"`), fmt.Appendf(nil, `"bundleDir":%q,"spec"`, test.bundle), 1)
			state, err := statefile.Parse(data)
			require.NoError(t, err)
			got := newInterner(registration.NewCache("", registration.Limits{})).intern(testRoot, state, testTime).sandbox
			assert.Equal(t, test.inPod, got.InPod)
			assert.Equal(t, test.pod, got.Pod)
			assert.Equal(t, test.upstream, got.UpstreamPodName)
			assert.Equal(t, test.upstream != "", got.UpstreamPodNamespace != "")
			assert.Equal(t, test.conflict, got.PodConflict)
			assert.Equal(t, testTime, got.Started, "without a start time, the creation time must be used")
		})
	}
}
