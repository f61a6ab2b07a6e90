package gvisor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

func TestStateFileNamesTheCgroup(t *testing.T) {
	root := newRoot(t)
	root.Cgroups = simulate.CgroupTree{Root: t.TempDir()}
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"no pod": {Options{ID: "web"}, "sandboxes/web"},
		"Docker": {Options{ID: "db", Containers: 1, Pod: simulate.Docker}, "docker/db"},
	} {
		s := addSandboxTo(t, root, test.options)
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err, name)
		var state struct {
			Sandbox struct{ Cgroup json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(data, &state), name)
		assert.JSONEq(t, `{"cgroupv2":{"mountpoint":"`+root.Cgroups.Root+`","path":"`+test.want+`"}}`, string(state.Sandbox.Cgroup), name)
		assert.FileExists(t, filepath.Join(root.Cgroups.Root, test.want, "cgroup.procs"), name)
	}
	data, err := os.ReadFile(addSandbox(t, Options{}).StatePath())
	require.NoError(t, err)
	assert.NotContains(t, string(data), `"cgroup":`, "without a tree, sandboxes have no cgroup")
}

// TestHostAndWorkloadAgree compares the cgroup with the response to
// containerManager.Event, in which the mode halves the CPU time.
func TestHostAndWorkloadAgree(t *testing.T) {
	root := newRoot(t)
	root.Cgroups = simulate.CgroupTree{Root: t.TempDir()}
	s := addSandboxTo(t, root, Options{ID: "web", Containers: 2, Mode: UsageCPUFall})
	s.mu.Lock()
	s.instance.created = s.instance.created.Add(-10 * time.Minute)
	s.mu.Unlock()
	response := usageOf(t, newClient(t, s), "web")
	var workload time.Duration
	for _, used := range response.Result.ContainerUsage {
		workload += used
	}
	require.NoError(t, s.UpdateCgroup())
	data, err := os.ReadFile(filepath.Join(root.Cgroups.Root, "sandboxes/web/cpu.stat"))
	require.NoError(t, err)
	digits := regexp.MustCompile(`usage_usec (\d+)`).FindSubmatch(data)
	require.NotNil(t, digits)
	microseconds, err := strconv.Atoi(string(digits[1]))
	require.NoError(t, err)
	assert.InEpsilon(t, 1.3, float64(microseconds)/float64(workload.Microseconds()), 0.02)
}
