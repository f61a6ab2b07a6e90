package simulate

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFleetHoldsWhatWasAskedFor(t *testing.T) {
	fleet := newFleet(t, Options{
		GVisor: 3, Kata: 2, KataRust: 1, KataRustQEMU: 1, Points: 12,
		Hostile: map[Mode]int{Stall: 2, KataHuge: 1},
	})
	assert.Len(t, fleet.GVisor(), 5)
	assert.Len(t, fleet.Kata(), 5)
	assert.Len(t, valuesOf(t, newCaller(t, fleet.GVisor()[0].SocketPath()).call(exportAll)), 12)
	var modes []Mode
	for _, s := range fleet.GVisor() {
		modes = append(modes, s.Mode())
	}
	assert.Equal(t, []Mode{"", "", "", Stall, Stall}, modes)
	for _, path := range fleet.StoragePaths() {
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		assert.NotEmpty(t, entries)
	}
}

func TestSeedsRepeat(t *testing.T) {
	made := func(seed uint64) (ids []string) {
		fleet := newFleet(t, Options{Kata: 3, Seed: seed})
		for _, k := range fleet.Kata() {
			ids = append(ids, k.ID())
		}
		return ids
	}
	first := made(1)
	assert.Equal(t, first, made(1))
	assert.NotEqual(t, first, made(2))
}

func TestCloseLeavesWhatWasThereBefore(t *testing.T) {
	dir := t.TempDir()
	root, storage := filepath.Join(dir, "root"), filepath.Join(dir, "a", "b", "storage")
	require.NoError(t, os.Mkdir(root, 0o755))
	foreign := filepath.Join(root, "null-netns")
	require.NoError(t, os.WriteFile(foreign, nil, 0o600))
	fleet, err := NewFleet(filepath.Join(dir, "fleet"), Options{GVisor: 2, Kata: 1, RuntimeRoot: root, StoragePath: storage})
	require.NoError(t, err)
	assert.Equal(t, root, fleet.RuntimeRoot())
	assert.Equal(t, root, filepath.Dir(fleet.GVisor()[0].StatePath()))
	require.NoError(t, fleet.Close())
	require.NoError(t, fleet.Close(), "again")
	var left []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		left = append(left, path)
		return err
	}))
	assert.Equal(t, []string{dir, root, foreign}, left)
	_, err = fleet.AddGVisor(GVisorOptions{})
	require.ErrorIs(t, err, errClosed)
	_, err = fleet.AddKata(KataOptions{})
	assert.ErrorIs(t, err, errClosed)
}

func TestAFleetThatCannotBeginLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fleet")
	_, err := NewFleet(dir, Options{GVisor: 2, Points: 1})
	require.Error(t, err)
	_, err = os.Stat(dir)
	assert.True(t, os.IsNotExist(err))
}

func TestTheSameIDCannotBeThereTwice(t *testing.T) {
	fleet := newFleet(t, Options{})
	_, err := fleet.AddGVisor(GVisorOptions{ID: "web"})
	require.NoError(t, err)
	_, err = fleet.AddGVisor(GVisorOptions{ID: "web"})
	require.Error(t, err)
	_, err = fleet.AddKata(KataOptions{ID: "pod"})
	require.NoError(t, err)
	_, err = fleet.AddKata(KataOptions{ID: "pod"})
	require.Error(t, err)
	assert.Len(t, fleet.Kata(), 1)
	// The first ones are untouched.
	assert.Len(t, valuesOf(t, newCaller(t, fleet.GVisor()[0].SocketPath()).call(exportAll)), DefaultPoints)
	assert.Positive(t, samples(body(t, get(t, fleet.Kata()[0], "/metrics"))))
}

func TestChurnReplacesOnlyHonestSandboxes(t *testing.T) {
	fleet := newFleet(t, Options{Kata: 2, Churn: 500, Hostile: map[Mode]int{Stall: 1}})
	steady, err := fleet.AddGVisor(GVisorOptions{Steady: true})
	require.NoError(t, err)
	restarted, err := fleet.AddGVisor(GVisorOptions{ID: "restarted"})
	require.NoError(t, err)
	before, err := os.ReadFile(steady.StatePath())
	require.NoError(t, err)
	kata := fleet.Kata()
	require.Eventually(t, func() bool {
		now := fleet.Kata()
		return fleet.Churned() > 20 && !slices.Contains(now, kata[0]) && !slices.Contains(fleet.GVisor(), restarted)
	}, patience, time.Millisecond)
	after, err := os.ReadFile(steady.StatePath())
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.Contains(t, fleet.GVisor(), steady)
	require.NoError(t, fleet.Close())
}

func TestThousandsFitIntoOneProcess(t *testing.T) {
	count := 5000
	if testing.Short() {
		count = 200
	}
	fleet := newFleet(t, Options{GVisor: count})
	sandboxes := fleet.GVisor()
	require.Len(t, sandboxes, count)
	for _, s := range []*GVisor{sandboxes[0], sandboxes[count/2], sandboxes[count-1]} {
		assert.Len(t, valuesOf(t, newCaller(t, s.SocketPath()).call(exportAll)), DefaultPoints)
	}
	files, err := os.ReadDir(fleet.RuntimeRoot())
	require.NoError(t, err)
	assert.Len(t, files, 3*count, "state, lock and socket of each")
}
