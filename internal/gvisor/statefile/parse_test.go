package statefile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestParse(t *testing.T) {
	for file, want := range map[string]*State{
		"full.json": {
			ContainerID: "app-1",
			Created:     time.Date(2026, 11, 20, 9, 40, 15, 50119899, time.UTC),
			Status:      Running,
			OCIVersion:  "1.0.2-dev",
			// CHOWN, KILL, SYS_ADMIN and CHECKPOINT_RESTORE.
			Capabilities: 1<<0 | 1<<5 | 1<<21 | 1<<40,
			Annotations:  Annotations{NVProxy: true},
			SpecCgroup:   "/k8s.io/app-1",
			Resources:    Resources{CPUQuota: 50000, CPUPeriod: 100000, CPUShares: 512, Memory: 1048576, Processes: 100},
			Filestore:    "/run/containerd/app-1/rootfs/.gvisor.filestore.pod-1",
			Identity: kubepod.Identity{
				Manager: kubepod.Containerd, InPod: true, ContainerName: "app", Image: "docker.io/library/app:1",
				Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "0b1ee0de-0000-4000-8000-000000000001"},
			},
			Sandbox: Sandbox{
				ID: "pod-1", PodName: "web-0", PodNamespace: "shop", PID: 42,
				RegisteredMetrics: []byte(`{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","cumulative":true}]}`),
				Metadata: []sandbox.Attribute{
					{Key: "numcores", Value: "8"}, {Key: "platform", Value: "kvm"}, {Key: "version", Value: "release-20260901.0"},
				},
				MetricServer: "%RUNTIME_ROOT%/metrics.sock",
				Cgroup:       "/k8s.io/pod-1",
				Socket:       "/run/runsc/runsc-pod-1.sock",
				Started:      time.Date(2026, 11, 20, 9, 40, 14, 891176192, time.UTC),
				Checkpointed: true, Restored: true,
				CPUTimeSaved: 374526474, WallTimeSaved: 14872880881,
			},
		},
		"2023.json": {
			ContainerID: "old",
			Created:     time.Date(2023, 5, 4, 17, 54, 54, 5e8, time.UTC),
			Status:      Created,
			OCIVersion:  "1.0.2",
			RunsAsRoot:  true,
			Sandbox:     Sandbox{ID: "old", PID: 8, Socket: "/run/runsc-old.sock"},
		},
		"crio.json": {
			ContainerID: "abc",
			Created:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Status:      Running,
			OCIVersion:  "1.2.0",
			RunsAsRoot:  true,
			SpecCgroup:  "kubepods-besteffort-pod0b1ee0de_0000_4000_8000_000000000002.slice:crio:abc",
			Identity: kubepod.Identity{
				Manager: kubepod.CRIO, InPod: true, ContainerName: "POD",
				Pod: sandbox.Pod{Name: "db-0", Namespace: "store", UID: "0b1ee0de-0000-4000-8000-000000000002"},
			},
			Sandbox: Sandbox{ID: "abc", PID: 9},
		},
	} {
		t.Run(file, func(t *testing.T) {
			got, err := Parse(readFile(t, filepath.Join("testdata", file)))
			require.NoError(t, err)
			assert.Empty(t, cmp.Diff(want, got))
		})
	}
}

// TestParseCaptures parses the state files of real sandboxes.
func TestParseCaptures(t *testing.T) {
	const (
		captures     = "../../../../shared/gvisor/"
		dockerID     = "4d637874d6cc501ca23bf10b34e4a0e51058b6ade07c064b62d359b69c2c451e"
		podSandboxID = "106e32c86055b5b0b93668e90130ea01543fab66a36c2ba35749d6704bf6069a"
		containerID  = "95ae7c43af5002975407c6e04d00795885ca909337dad9c19aeedaa91312fb7a"
	)
	for file, want := range map[string]struct {
		container, sandbox, pod, podUID string
		inPod                           bool
		capabilities                    int
		cgroup, specCgroup, filestore   string
	}{
		"cli-instrumented.state.json": {
			"busy2", "busy2", "", "", false, 3, "", "/busy2", "/opt/bundles/busy/rootfs/.gvisor.filestore.busy2",
		},
		"docker.state.json": {
			dockerID, dockerID, "", "", false, 14, "/docker/" + dockerID, "/docker/" + dockerID,
			"/var/lib/docker/vfs/dir/0efb7cd255743a93da5933abda170a3bb418945d86cc63a42b370fbf8fb11616/.gvisor.filestore." + dockerID,
		},
		"cri-pod-sandbox.state.json": {podSandboxID, podSandboxID, "web-0", "uid-web-0", true, 14, "", "/k8s.io/" + podSandboxID, ""},
		"cri-pod-container.state.json": {
			containerID, podSandboxID, "web-0", "uid-web-0", true, 14, "", "/k8s.io/" + containerID,
			"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + containerID + "/rootfs/.gvisor.filestore." + podSandboxID,
		},
	} {
		t.Run(file, func(t *testing.T) {
			if _, err := os.Stat(captures); err != nil {
				t.Skip("the captures are not available")
			}
			got, err := Parse(readFile(t, captures+file))
			require.NoError(t, err)
			assert.Equal(t, want.container, got.ContainerID)
			assert.Equal(t, want.sandbox, got.Sandbox.ID)
			assert.Equal(t, want.cgroup, got.Sandbox.Cgroup)
			assert.Equal(t, want.specCgroup, got.SpecCgroup)
			assert.Equal(t, want.filestore, got.Filestore)
			assert.Equal(t, want.pod, got.Sandbox.PodName)
			assert.Equal(t, want.pod, got.Identity.Pod.Name)
			assert.Equal(t, got.Sandbox.PodNamespace, got.Identity.Pod.Namespace)
			assert.Equal(t, want.podUID, got.Identity.Pod.UID)
			assert.Equal(t, want.inPod, got.Identity.InPod)
			assert.False(t, got.Identity.Conflict)
			assert.Len(t, slices.Collect(got.Capabilities.Names()), want.capabilities)
			assert.Equal(t, Running, got.Status)
			assert.True(t, got.RunsAsRoot)
			assert.Len(t, got.Sandbox.Metadata, 10)
			assert.Greater(t, len(got.Sandbox.RegisteredMetrics), 40_000)
			assert.True(t, filepath.IsAbs(got.Sandbox.Socket))
			assert.False(t, got.Sandbox.Started.IsZero())
		})
	}
}

func TestParseAcceptsLongArguments(t *testing.T) {
	argument := strings.Repeat("x", 1<<20)
	state, err := Parse([]byte(`{"id":"a","createdAt":"2026-01-02T03:04:05Z","status":"asleep","sandbox":{"id":"a","pid":-1},` +
		`"spec":{"process":{"args":["` + argument + `"]}}}`))
	require.NoError(t, err)
	assert.Equal(t, Status("asleep"), state.Status, "an unknown status, as of a later release, must be kept")
	assert.Zero(t, state.Sandbox.PID)
}

func readFile(tb testing.TB, file string) []byte {
	tb.Helper()
	data, err := os.ReadFile(file)
	require.NoError(tb, err)
	return data
}
