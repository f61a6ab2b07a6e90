package statefile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestPodIdentityUsesOneSource covers forged annotations: the author of a pod can
// add annotations with the keys of a container manager that is not installed.
func TestPodIdentityUsesOneSource(t *testing.T) {
	for name, test := range map[string]struct {
		annotations string
		want        Annotations
	}{
		"containerd takes precedence": {
			`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"forged",` +
				`"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web"`,
			Annotations{InPod: true, Pod: sandbox.Pod{Name: "web"}},
		},
		"names without container type": {
			`"io.kubernetes.cri.sandbox-name":"forged","io.kubernetes.cri-o.KubeName":"forged","io.kubernetes.pod.uid":"forged"`,
			Annotations{},
		},
		"invalid labels": {
			`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"db",` +
				`"io.kubernetes.cri-o.Labels":"{\"io.kubernetes.pod.uid\":\"u\""`,
			Annotations{InPod: true, Pod: sandbox.Pod{Name: "db"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := Parse([]byte(withSpec(`{"annotations":{` + test.annotations + `}}`)))
			require.NoError(t, err)
			assert.Equal(t, test.want, state.Annotations)
		})
	}
}
