package gvisor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

func TestStateFileMatchesThatOfRunsc(t *testing.T) {
	s := addSandbox(t, Options{})
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	assert.InDelta(t, 52_000, len(data), 4_000, "bytes")
	assert.Contains(t, string(data), simulate.DecoySecret)
	assert.NotContains(t, string(data), registrationPlaceholder)
	var state struct {
		ID        string    `json:"id"`
		CreatedAt time.Time `json:"createdAt"`
		Status    string    `json:"status"`
		Sandbox   struct {
			ID                  string            `json:"id"`
			PID                 int               `json:"pid"`
			RegisteredMetrics   registration      `json:"registeredMetrics"`
			MetricMetadata      map[string]string `json:"metricMetadata"`
			MetricServerAddress string            `json:"metricServerAddress"`
			ControlSocketPath   string            `json:"controlSocketPath"`
		} `json:"sandbox"`
	}
	require.NoError(t, json.Unmarshal(data, &state))
	assert.Equal(t, s.ID(), state.ID)
	assert.Equal(t, s.ID(), state.Sandbox.ID)
	assert.Equal(t, "running", state.Status)
	assert.Equal(t, os.Getpid(), state.Sandbox.PID)
	assert.Len(t, state.Sandbox.RegisteredMetrics.Metrics, 178)
	assert.Equal(t, s.SocketPath(), state.Sandbox.ControlSocketPath)
	assert.Equal(t, metricServer, state.Sandbox.MetricServerAddress)
	assert.NotEmpty(t, state.Sandbox.MetricMetadata["platform"])
	assert.False(t, state.CreatedAt.IsZero())

	info, err := os.Stat(s.StatePath())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	_, err = os.Stat(strings.TrimSuffix(s.StatePath(), ".state") + ".lock")
	assert.NoError(t, err)
}

func TestUnregisteredSandboxHasNoRegistrationInItsStateFile(t *testing.T) {
	s := addSandbox(t, Options{Unregistered: true})
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	assert.Contains(t, string(data), `"registeredMetrics":null`)
	assert.Contains(t, string(data), `"metricServerAddress":""`)
	response := newClient(t, s).call(`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`)
	assert.Equal(t, string(theBuild().registration), string(response.Result.RegisteredMetrics))
}

func TestPodHasAStateFilePerContainer(t *testing.T) {
	for style, key := range map[simulate.PodStyle]string{
		simulate.Containerd: "io.kubernetes.cri.sandbox-name",
		simulate.CRIO:       "io.kubernetes.cri-o.KubeName",
	} {
		t.Run(string(style), func(t *testing.T) {
			root := newRoot(t)
			s := addSandboxTo(t, root, Options{Pod: style, Containers: 2})
			paths, err := filepath.Glob(filepath.Join(root.Directory, "*.state"))
			require.NoError(t, err)
			require.Len(t, paths, 3)
			var pods []string
			for _, path := range paths {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				var state struct {
					ID      string                                  `json:"id"`
					Spec    struct{ Annotations map[string]string } `json:"spec"`
					Sandbox struct {
						ID      string `json:"id"`
						PodName string `json:"podName"`
					} `json:"sandbox"`
				}
				require.NoError(t, json.Unmarshal(data, &state))
				assert.Equal(t, filepath.Base(path), state.ID+"_sandbox:"+s.ID()+".state")
				assert.Equal(t, s.ID(), state.Sandbox.ID)
				assert.Equal(t, state.Sandbox.PodName, state.Spec.Annotations["io.kubernetes.cri.sandbox-name"])
				pods = append(pods, state.Spec.Annotations[key])
			}
			assert.NotEmpty(t, pods[0])
			assert.Len(t, slices.Compact(pods), 1)
		})
	}
}

func TestCheckpointRestoreAndStopChangeTheStateFile(t *testing.T) {
	s := addSandbox(t, Options{})
	state := func() string {
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		require.True(t, json.Valid(data))
		return string(data)
	}
	assert.Contains(t, state(), `"checkpointed":false,"restored":false,"cpuTimeSaved":0`)
	require.NoError(t, s.Checkpoint())
	assert.Contains(t, state(), `"checkpointed":true,"restored":false`)
	require.NoError(t, s.Restore())
	assert.Contains(t, state(), `"checkpointed":false,"restored":true,"cpuTimeSaved":90000000000,"wallTimeSaved":600000000000`)
	require.NoError(t, s.Stop())
	assert.Contains(t, state(), `"status":"stopped"`)
	_, err := os.Stat(s.SocketPath())
	assert.True(t, os.IsNotExist(err))
}
