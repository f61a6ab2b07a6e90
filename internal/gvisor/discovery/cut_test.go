package discovery

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const loggedCut = "gVisor runtime root has too many entries to list all; new sandboxes may not be discovered: " +
	"delete files of sandboxes that no longer exist"

// TestFinderCutListing covers a root with more entries than a scan reads. What is known
// remains known whether or not it is among those that are read.
func TestFinderCutListing(t *testing.T) {
	root := writeRoot(t, 4)
	foreign := filepath.Join(root, "foreign.state")
	require.NoError(t, os.WriteFile(foreign, nil, 0o600))
	f := newTestFinder(t, root)
	assert.Len(t, f.advance(0), 4)
	assert.Equal(t, map[string]Reason{foreign: Foreign}, f.skipped)

	r := f.roots[root]
	for _, limit := range []int{0, 1, 3, 8} {
		r.limits.names = limit
		assert.Empty(t, f.advance(scanInterval), "known sandboxes must remain")
		assert.Equal(t, map[string]Reason{foreign: Foreign, root: TooMany}, f.skipped)
		assert.Equal(t, limit, r.entries)
	}
	logged := f.logs.FilterMessage(loggedCut).All()
	require.Len(t, logged, 1, "it must be logged once")
	assert.Equal(t, map[string]any{"root": root, "listed": int64(0)}, logged[0].ContextMap())

	// Changes of what is known are detected nevertheless.
	r.limits.names = 0
	keys := slices.Collect(maps.Keys(f.present))
	require.NoError(t, os.Remove(keys[0].StateFile()))
	require.NoError(t, os.Remove(foreign))
	assert.Equal(t, []string{"gone " + keys[0].ID}, f.advance(scanInterval))
	assert.Equal(t, map[string]Reason{root: TooMany}, f.skipped)
	require.NoError(t, os.WriteFile(keys[1].StateFile(), stateFile(keys[1].ID, keys[1].ID, testTime, `,"podName":"p"`), 0o640))
	assert.Equal(t, []string{"changed " + keys[1].ID}, f.advance(scanInterval))

	// A new sandbox is found by its event and then remains.
	path := writeState(t, root, "new", "new", testTime)
	f.handleEvent(path)
	assert.Equal(t, []string{"added new"}, f.advance(eventDelay))
	assert.Empty(t, f.advance(scanInterval))

	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	r.limits.names = len(entries)
	assert.Empty(t, f.advance(scanInterval))
	assert.Empty(t, f.skipped, "a root with as many entries as allowed is complete")
}

// TestFinderCompleteListing checks that the limit applies to all reads of a directory
// together.
func TestFinderCompleteListing(t *testing.T) {
	root := t.TempDir()
	for i := range namesPerRead + 10 {
		require.NoError(t, os.WriteFile(filepath.Join(root, fmt.Sprint(i)), nil, 0o600))
	}
	for limit, complete := range map[int]bool{namesPerRead: false, namesPerRead + 9: false, namesPerRead + 10: true} {
		f := newTestFinder(t, root)
		f.limits.names = limit
		f.advance(0)
		assert.Equal(t, limit, f.roots[root].entries)
		assert.Equal(t, complete, len(f.skipped) == 0)
	}
}
