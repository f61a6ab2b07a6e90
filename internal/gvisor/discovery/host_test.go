package discovery

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestFinderReportsChecks(t *testing.T) {
	f := newTestFinder(t, t.TempDir())
	f.advance(0)
	before := f.checks
	f.advance(resolveInterval)
	assert.Greater(t, f.checks, before)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before = f.checks
	f.runDue(ctx)
	assert.Equal(t, before, f.checks, "nothing may be reported after the end of the context")
}

// TestFinderReportsWhatStateFilesNameOnTheHost covers a pod with a root container and
// another one.
func TestFinderReportsWhatStateFilesNameOnTheHost(t *testing.T) {
	root := t.TempDir()
	for id, kind := range map[string]string{"pod": "sandbox", "app": "container"} {
		data := stateFile(id, "pod", testTime, `,"cgroup":{"cgroupv2":{"path":"kubepods/x/`+id+`"}}`)
		spec := `"goferMountConfs":[{"lower":1,"upper":2}],` +
			`"bundleDir":"/run/containerd/io.containerd.runtime.v2.task/k8s.io/` + id + `","spec":{` +
			`"root":{"path":"/run/` + id + `"},"linux":{"cgroupsPath":"/k8s.io/` + id + `","resources":{"memory":{"limit":7}}},` +
			`"annotations":{"io.kubernetes.cri.container-type":"` + kind + `","io.kubernetes.cri.container-name":"n",` +
			`"io.kubernetes.cri.image-name":"img","team":"search","b":"1","secret":"x","b":"2"},`
		data = bytes.Replace(data, []byte(`"spec":{`), []byte(spec), 1)
		path := writeState(t, root, id, "pod", testTime)
		require.NoError(t, os.WriteFile(path, data, 0o640))
	}
	f := newTestFinder(t, root)
	f.reader.annotations = []string{"team", "b", "absent"}
	f.advance(0)
	got := f.present[Key{root, "pod"}]
	require.NotNil(t, got)
	assert.Equal(t, []sandbox.Attribute{{Key: "b", Value: "2"}, {Key: "team", Value: "search"}}, got.Annotations)
	assert.Equal(t, kubepod.Containerd, got.Manager)
	assert.Equal(t, "kubepods/x/pod", got.Cgroup)
	assert.Equal(t, "/k8s.io/pod", got.SpecCgroup)
	assert.Equal(t, Limits{Memory: 7}, got.Requested)
	assert.Equal(t, []Container{
		{ID: "app", Name: "n", Image: "img", Filestore: "/run/app/.gvisor.filestore.pod"},
		{ID: "pod", Filestore: "/run/pod/.gvisor.filestore.pod"},
	}, got.Containers)
}
