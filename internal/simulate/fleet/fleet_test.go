package fleet

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

const (
	export     = `{"method":"Metrics.Export","arg":{"only_metrics":""}}`
	getMetrics = "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n"
)

// points requests a snapshot of a gVisor sandbox and returns the number of its
// points.
func points(t *testing.T, s *gvisor.Sandbox) int {
	t.Helper()
	conn := simulatetest.Dial(t, s.SocketPath())
	_, err := io.WriteString(conn, export)
	require.NoError(t, err)
	var response struct {
		Result struct {
			Snapshot struct {
				Data []json.RawMessage `json:"data"`
			} `json:"snapshot"`
		} `json:"result"`
	}
	require.NoError(t, json.NewDecoder(conn).Decode(&response))
	return len(response.Result.Snapshot.Data)
}

func TestFleetHasTheSandboxesOfItsOptions(t *testing.T) {
	f := newFleet(t, Options{
		GVisor: 2, GVisorUnregistered: 1, Kata: 2, KataRust: 1, KataRustQEMU: 1, Points: 12,
		Hostile: map[simulate.Mode]int{gvisor.Stall: 2, kata.Huge: 1},
	})
	assert.Len(t, f.GVisor(), 5)
	assert.Len(t, f.Kata(), 5)
	assert.Equal(t, 12, points(t, f.GVisor()[0]))
	var modes []simulate.Mode
	for i, s := range f.GVisor() {
		modes = append(modes, s.Mode())
		assert.Equal(t, i == 2, s.Options().Unregistered)
	}
	assert.Equal(t, []simulate.Mode{"", "", "", gvisor.Stall, gvisor.Stall}, modes)
	for _, path := range f.StoragePaths() {
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		assert.NotEmpty(t, entries)
	}
}

func TestSeedsRepeatIDs(t *testing.T) {
	ids := func(seed uint64) (ids []string) {
		for _, p := range newFleet(t, Options{Kata: 3, Seed: seed}).Kata() {
			ids = append(ids, p.ID())
		}
		return ids
	}
	first := ids(1)
	assert.Equal(t, first, ids(1))
	assert.NotEqual(t, first, ids(2))
}

func TestCloseKeepsWhatExistedBefore(t *testing.T) {
	dir := t.TempDir()
	root, storage := filepath.Join(dir, "root"), filepath.Join(dir, "a", "b", "storage")
	require.NoError(t, os.Mkdir(root, 0o755))
	foreign := filepath.Join(root, "null-netns")
	require.NoError(t, os.WriteFile(foreign, nil, 0o600))
	f, err := New(filepath.Join(dir, "fleet"), Options{GVisor: 2, Kata: 1, RuntimeRoot: root, StoragePath: storage})
	require.NoError(t, err)
	assert.Equal(t, root, f.RuntimeRoot())
	assert.Equal(t, root, filepath.Dir(f.GVisor()[0].StatePath()))
	require.NoError(t, f.Close())
	require.NoError(t, f.Close(), "a second time")
	var remaining []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		remaining = append(remaining, path)
		return err
	}))
	assert.Equal(t, []string{dir, root, foreign}, remaining)
	_, err = f.AddGVisor(gvisor.Options{})
	require.ErrorIs(t, err, errClosed)
	_, err = f.AddKata(kata.Options{})
	assert.ErrorIs(t, err, errClosed)
}

func TestFailedFleetLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fleet")
	_, err := New(dir, Options{GVisor: 2, Points: 1})
	require.Error(t, err)
	_, err = os.Stat(dir)
	assert.True(t, os.IsNotExist(err))
}

func TestDuplicateIDs(t *testing.T) {
	f := newFleet(t, Options{})
	_, err := f.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	_, err = f.AddGVisor(gvisor.Options{ID: "web"})
	require.ErrorContains(t, err, "add gVisor sandbox web")
	_, err = f.AddKata(kata.Options{ID: "pod"})
	require.NoError(t, err)
	_, err = f.AddKata(kata.Options{ID: "pod"})
	require.ErrorContains(t, err, "add Kata pod pod")
	assert.Len(t, f.GVisor(), 1)
	assert.Len(t, f.Kata(), 1)
}

func TestRemovedSandboxesLeaveTheFleet(t *testing.T) {
	f := newFleet(t, Options{GVisor: 2, Kata: 2})
	require.NoError(t, f.RemoveGVisor(f.GVisor()[0]))
	require.NoError(t, f.RemoveKata(f.Kata()[0]))
	assert.Len(t, f.GVisor(), 1)
	assert.Len(t, f.Kata(), 1)
	states, err := filepath.Glob(filepath.Join(f.RuntimeRoot(), "*.state"))
	require.NoError(t, err)
	assert.Equal(t, []string{f.GVisor()[0].StatePath()}, states)
	pods, err := os.ReadDir(f.StoragePaths()[0])
	require.NoError(t, err)
	require.Len(t, pods, 1)
	assert.Equal(t, f.Kata()[0].ID(), pods[0].Name())
}

func TestChurnReplacesOnlyHonestSandboxes(t *testing.T) {
	f := newFleet(t, Options{Kata: 2, Churn: 500, Hostile: map[simulate.Mode]int{gvisor.Stall: 1}})
	steady, err := f.AddGVisor(gvisor.Options{Steady: true})
	require.NoError(t, err)
	replaced, err := f.AddGVisor(gvisor.Options{ID: "replaced"})
	require.NoError(t, err)
	before, err := os.ReadFile(steady.StatePath())
	require.NoError(t, err)
	pods := f.Kata()
	require.Eventually(t, func() bool {
		return f.Churned() > 20 && !slices.Contains(f.Kata(), pods[0]) && !slices.Contains(f.GVisor(), replaced)
	}, simulatetest.Timeout, time.Millisecond)
	after, err := os.ReadFile(steady.StatePath())
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Contains(t, f.GVisor(), steady)
	require.NoError(t, f.Close())
}

func TestThousandsOfSandboxesRunInOneProcess(t *testing.T) {
	count := 5000
	if testing.Short() {
		count = 200
	}
	f := newFleet(t, Options{GVisor: count})
	sandboxes := f.GVisor()
	require.Len(t, sandboxes, count)
	for _, s := range []*gvisor.Sandbox{sandboxes[0], sandboxes[count/2], sandboxes[count-1]} {
		assert.Equal(t, gvisor.DefaultPoints, points(t, s))
	}
	files, err := os.ReadDir(f.RuntimeRoot())
	require.NoError(t, err)
	assert.Len(t, files, 3*count, "a state file, a lock file and a socket for each")
}

func TestLongPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	f, err := New(dir, Options{GVisor: 1, Kata: 1})
	require.NoError(t, err)
	assert.Greater(t, len(f.GVisor()[0].SocketPath()), 107, "longer than a socket address")
	info, err := os.Stat(f.GVisor()[0].SocketPath())
	require.NoError(t, err)
	assert.Equal(t, os.ModeSocket, info.Mode().Type())
	assert.Equal(t, gvisor.DefaultPoints, points(t, f.GVisor()[0]))
	require.NoError(t, f.Close())
	_, err = os.Stat(dir)
	assert.True(t, os.IsNotExist(err))
}

func TestFleetClosesDuringHostileResponses(t *testing.T) {
	for _, info := range Modes() {
		t.Run(string(info.Mode), func(t *testing.T) {
			f := newFleet(t, Options{Hostile: map[simulate.Mode]int{info.Mode: 1}})
			var target interface {
				SocketPath() string
				Load() simulate.Load
			}
			request := export
			if info.Mode.ForKata() {
				target, request = f.Kata()[0], getMetrics
			} else {
				target = f.GVisor()[0]
			}
			if info.Mode != gvisor.Refuse && info.Mode != kata.Refuse {
				_, err := io.WriteString(simulatetest.Dial(t, target.SocketPath()), request)
				require.NoError(t, err)
				require.Eventually(t, func() bool { return target.Load().Calls > 0 }, simulatetest.Timeout, time.Millisecond)
			}
			require.NoError(t, f.Close(), "while the request is in flight")
		})
	}
}

func TestInvalidModes(t *testing.T) {
	f := newFleet(t, Options{})
	_, err := f.AddGVisor(gvisor.Options{Mode: "nonsense"})
	require.ErrorContains(t, err, "nonsense")
	_, err = f.AddGVisor(gvisor.Options{Mode: kata.Huge})
	require.Error(t, err)
	_, err = f.AddKata(kata.Options{Mode: gvisor.Stall})
	require.ErrorContains(t, err, "stall")
	_, err = New(filepath.Join(t.TempDir(), "fleet"), Options{Hostile: map[simulate.Mode]int{"nonsense": 1}})
	require.ErrorContains(t, err, "nonsense")
}

func TestParseMode(t *testing.T) {
	_, err := ParseMode("nonsense")
	require.ErrorContains(t, err, "stall-midway")
	mode, err := ParseMode("kata-huge")
	require.NoError(t, err)
	assert.Equal(t, kata.Huge, mode)
	assert.True(t, mode.ForKata())
	assert.False(t, gvisor.Stall.ForKata())
	assert.Len(t, Modes(), len(gvisor.Modes())+len(kata.Modes()))
}
