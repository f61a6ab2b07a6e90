package storage

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestListedAnnotations covers listed annotations, some of which are evidence for the
// pod, too. Those of other containers and unlisted ones are not kept.
func TestListedAnnotations(t *testing.T) {
	const format = `{"SandboxCgroupPath":"/k8s.io/%[1]s","Config":{"ContainerConfigs":[` +
		`{"ID":"other","Annotations":{"team":"other"}},` +
		`{"ID":"%[1]s","Annotations":{"team":"search","secret":"x","none":null,"long":"%[2]s",` +
		`"io.katacontainers.pkg.oci.bundle_path":"/run/io.containerd.runtime.v2.task/k8s.io/%[1]s",` +
		`"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-0"}},` +
		`{"ID":"another","Annotations":{"team":"another"}}]}}`
	data := fmt.Appendf(nil, format, webID, strings.Repeat("x", 1000))
	plain, err := parsePersist(data, webID)
	require.NoError(t, err)
	assert.Nil(t, plain.Annotations)
	assert.Equal(t, "web-0", plain.Pod.Name)

	got, err := parsePersist(data, webID, "team", "none", "long", "absent", bundlePath, "io.kubernetes.cri.sandbox-name")
	require.NoError(t, err)
	assert.Equal(t, []sandbox.Attribute{
		{Key: bundlePath, Value: "/run/io.containerd.runtime.v2.task/k8s.io/" + webID},
		{Key: "io.kubernetes.cri.sandbox-name", Value: "web-0"},
		{Key: "long", Value: strings.Repeat("x", sandbox.MaxAnnotationLength)},
		{Key: "team", Value: "search"},
	}, got.Annotations)
	got.Annotations = nil
	assert.Equal(t, plain, got, "evidence must be read as usual")
}
