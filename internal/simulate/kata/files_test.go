package kata

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

func checkCreatedAhead(t *testing.T, p *Pod) {
	directory := filepath.Dir(p.SocketPath())
	state := "persist.json"
	if p.options.Rust {
		state = "state.json"
	}
	var modified []time.Time
	for _, name := range []string{state, "shim-monitor.sock"} {
		info, err := os.Stat(filepath.Join(directory, name))
		require.NoError(t, err)
		assert.Greater(t, time.Until(info.ModTime()), 30*time.Minute)
		modified = append(modified, info.ModTime())
	}
	assert.Equal(t, p.options.Rust, modified[0].After(modified[1]), "runtime-rs writes the state file last")
	assert.Positive(t, samples(metrics(t, p)))
}

func checkMixedAnnotations(t *testing.T, p *Pod) {
	if p.options.Rust {
		return // The state file of runtime-rs has no annotations.
	}
	styles := map[simulate.PodStyle]bool{}
	for range 50 {
		styles[addPodTo(t, p.storage, Options{Mode: MixedAnnotations}).Pod().Style] = true
	}
	assert.Len(t, styles, len(simulate.PodStyles), "the seed chooses the container runtime")
	for _, style := range simulate.PodStyles {
		one := addPodTo(t, p.storage, Options{Mode: MixedAnnotations, Pod: style})
		data, err := os.ReadFile(filepath.Join(filepath.Dir(one.SocketPath()), "persist.json"))
		require.NoError(t, err)
		var persist struct {
			SandboxCgroupPath string
			Config            struct {
				ContainerConfigs []struct{ Annotations map[string]string }
			}
		}
		require.NoError(t, json.Unmarshal(data, &persist))
		assert.Equal(t, one.Pod().CgroupPath(one.ID()), persist.SandboxCgroupPath)
		annotations := persist.Config.ContainerConfigs[0].Annotations
		assert.Equal(t, one.Pod().BundlePath(one.ID()), annotations["io.katacontainers.pkg.oci.bundle_path"])
		assert.Equal(t, simulate.ForgedPodName, annotations["io.kubernetes.cri-o.KubeName"], style)
	}
}
