package kata

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func TestOtherPaths(t *testing.T) {
	for _, rust := range []bool{false, true} {
		p := addPod(t, Options{Rust: rust})
		assert.Equal(t, "vsock://3:1024", body(t, get(t, p, "/agent-url")))
		assert.Zero(t, p.Load().Forbidden)
		r := get(t, p, "/iptables")
		assert.Equal(t, http.StatusNotFound, r.status)
		assert.Equal(t, int64(1), p.Load().Forbidden)
		r = request(t, simulatetest.Dial(t, p.SocketPath()), http.MethodPost, "/metrics")
		if rust {
			assert.Equal(t, http.StatusNotFound, r.status)
		} else {
			assert.Equal(t, http.StatusOK, r.status)
			assert.Positive(t, samples(body(t, r)))
		}
	}
}

func TestConnectionsStayOpen(t *testing.T) {
	for _, rust := range []bool{false, true} {
		p := addPod(t, Options{Rust: rust})
		conn := simulatetest.Dial(t, p.SocketPath())
		for range 3 {
			assert.Positive(t, samples(body(t, request(t, conn, http.MethodGet, "/metrics"))))
		}
		load := p.Load()
		assert.Equal(t, int64(3), load.Calls)
		assert.Equal(t, int64(1), load.MaxInFlight)
		assert.Positive(t, load.MinGap)
		assert.Equal(t, 1, load.Connections)
	}
}

func TestRequestCrashesRuntimeRSShimWithQEMU(t *testing.T) {
	p := addPod(t, Options{Rust: true, Hypervisor: "qemu"})
	// A connection alone is harmless, and so is another path.
	conn := simulatetest.Dial(t, p.SocketPath())
	assert.Equal(t, agentURL, body(t, get(t, p, "/agent-url")))
	assert.False(t, p.Crashed())

	_, err := io.WriteString(conn, getMetrics)
	require.NoError(t, err)
	data, _ := io.ReadAll(conn)
	assert.Empty(t, data)
	assert.True(t, p.Crashed())
	_, err = host.DialUnix(t.Context(), p.SocketPath())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "the shim does not come back")
}

func TestFilesOfTheGoRuntime(t *testing.T) {
	for style, key := range map[simulate.PodStyle]string{
		simulate.Containerd: "io.kubernetes.cri.sandbox-name",
		simulate.CRIO:       "io.kubernetes.cri-o.KubeName",
	} {
		p := addPod(t, Options{Pod: style})
		data, err := os.ReadFile(filepath.Join(filepath.Dir(p.SocketPath()), "persist.json"))
		require.NoError(t, err)
		assert.Contains(t, string(data), simulate.DecoySecret)
		var persist struct {
			HypervisorState   struct{ Type string }
			SandboxCgroupPath string
			Config            struct {
				HypervisorType   string
				ContainerConfigs []struct {
					ID          string
					Annotations map[string]string
				}
			}
		}
		require.NoError(t, json.Unmarshal(data, &persist))
		assert.Equal(t, "qemu", persist.HypervisorState.Type)
		assert.Equal(t, "qemu", persist.Config.HypervisorType)
		require.Len(t, persist.Config.ContainerConfigs, 2)
		assert.Equal(t, p.ID(), persist.Config.ContainerConfigs[0].ID)
		assert.Equal(t, p.PodName(), persist.Config.ContainerConfigs[0].Annotations[key])
		info, err := os.Stat(p.SocketPath())
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestStateFileOfRuntimeRSAppearsAfterBooting(t *testing.T) {
	p := addPod(t, Options{Rust: true, Hypervisor: "clh", Booting: true})
	path := filepath.Join(filepath.Dir(p.SocketPath()), "state.json")
	_, err := os.Stat(path)
	require.True(t, os.IsNotExist(err))
	require.NoError(t, p.FinishBooting())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var state struct {
		Hypervisor struct {
			Type string `json:"hypervisor_type"`
		} `json:"hypervisor"`
		Resource struct {
			Cgroup struct{ Path string } `json:"cgroup_state"`
		} `json:"resource"`
	}
	require.NoError(t, json.Unmarshal(data, &state))
	assert.Equal(t, "clh", state.Hypervisor.Type)
	assert.Contains(t, state.Resource.Cgroup.Path, "/pod"+p.pod.UID+"/")
}

func TestDuplicateIDs(t *testing.T) {
	storage := newStorage(t)
	first := addPodTo(t, storage, Options{ID: "pod"})
	_, err := New(storage, Options{ID: "pod"})
	require.Error(t, err)
	assert.Positive(t, samples(metrics(t, first)), "the first pod is unaffected")
}
