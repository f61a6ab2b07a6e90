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

func TestInternerPod(t *testing.T) {
	interner := newInterner(registration.NewCache("", registration.Limits{}))
	const annotations = `"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"other",` +
		`"io.kubernetes.cri.sandbox-namespace":"n","io.kubernetes.cri.sandbox-uid":"u"},`
	data := stateFile("a", "a", testTime, `,"podName":"p"`)
	data = bytes.ReplaceAll(data, []byte(`"ociVersion"`), []byte(annotations+`"ociVersion"`))
	state, err := statefile.Parse(data)
	require.NoError(t, err)
	got := interner.intern(testRoot, state, testTime).sandbox
	assert.True(t, got.InPod)
	assert.Equal(t, "p", got.Pod.Name, "the name that runsc recorded must take precedence")
	assert.Equal(t, "n", got.Pod.Namespace)
	assert.Equal(t, "u", got.Pod.UID)
	assert.Equal(t, testTime, got.Started, "without a start time, the creation time must be used")
	assert.Empty(t, got.UpstreamPodNamespace)
}
