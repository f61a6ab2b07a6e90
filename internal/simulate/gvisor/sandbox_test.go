package gvisor

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRestartAndRemove(t *testing.T) {
	root := newRoot(t)
	s := addSandboxTo(t, root, Options{})
	created := func() time.Time {
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		var state struct{ CreatedAt time.Time }
		require.NoError(t, json.Unmarshal(data, &state))
		return state.CreatedAt
	}
	first := created()
	c := newClient(t, s)
	c.call(exportAll)
	require.NoError(t, s.Restart())
	_, err := c.conn.Read(make([]byte, 1))
	require.Error(t, err, "the connection of the first instance is closed")
	assert.True(t, created().After(first))
	assert.Len(t, valuesOf(t, export(t, s)), DefaultPoints)

	require.NoError(t, s.Remove())
	require.ErrorIs(t, s.Restart(), errRemoved)
	require.ErrorIs(t, s.Checkpoint(), errRemoved)
	remaining, err := os.ReadDir(root.Directory)
	require.NoError(t, err)
	assert.Empty(t, remaining)
}

func TestDuplicateIDs(t *testing.T) {
	root := newRoot(t)
	first := addSandboxTo(t, root, Options{ID: "web"})
	_, err := New(root, Options{ID: "web"})
	require.Error(t, err)
	assert.Len(t, valuesOf(t, export(t, first)), DefaultPoints, "the first sandbox is unaffected")
}
