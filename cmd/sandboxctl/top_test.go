package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestTopFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		text string
	}{
		"no terminal": {nil, "top requires a terminal: use sandboxctl list"},
		"sort":        {[]string{"--sort=size"}, `invalid --sort "size": must be one of cpu, memory, age,`},
		"interval":    {[]string{"--interval=1ms"}, "invalid --interval 1ms: must be at least 500ms"},
		"argument":    {[]string{"web"}, `"web"`},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, exitUsage, run(t.Context(), append([]string{"top"}, test.args...), &stdout, &stderr), name)
		assert.Contains(t, stderr.String(), test.text, name)
		assert.Empty(t, stdout.String(), name)
	}
}

// TestTopContactsGVisorOnly checks what the table learns, and that no Kata shim is
// contacted.
func TestTopContactsGVisorOnly(t *testing.T) {
	h := newExplainedHost(t)
	web, err := h.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	cache, err := h.AddKata(kata.Options{ID: "cache"})
	require.NoError(t, err)
	config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
	config.GVisor.Roots, config.Kata.StoragePaths = h.roots, h.storagePaths
	live, err := inventory.NewLive(config, zap.NewNop())
	require.NoError(t, err)
	source := &liveSource{live: live}
	defer source.close()
	rows, err := source.Measure(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.Equal(t, []string{"web", "gvisor", "running", "registered"}, []string{rows[0].ID, rows[0].Runtime, rows[0].State, rows[0].Trust})
	assert.WithinDuration(t, time.Now(), rows[0].Created, time.Hour)
	assert.True(t, rows[0].Contactable)
	assert.False(t, rows[1].Contactable)
	assert.Equal(t, "default/simulated-cache", rows[1].Name)

	duration, unresponsive, err := source.Pull(t.Context(), rows[0].Key)
	require.NoError(t, err)
	assert.False(t, unresponsive)
	assert.Positive(t, duration)
	assert.Positive(t, web.Load().Calls)
	_, _, err = source.Pull(t.Context(), rows[1].Key)
	require.Error(t, err)
	assert.Zero(t, cache.Load().Calls)
	_, _, err = source.Pull(t.Context(), "unknown")
	require.ErrorIs(t, err, inventory.ErrNotFound)
}

func TestTopDetectsUnresponsiveSandboxes(t *testing.T) {
	h := newExplainedHost(t)
	h.addGVisor(gvisor.Options{ID: "web", Mode: "stall"})
	config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
	config.GVisor.Roots, config.Kata.Enabled = h.roots, false
	live, err := inventory.NewLive(config, zap.NewNop())
	require.NoError(t, err)
	source := &liveSource{live: live}
	defer source.close()
	rows, err := source.Measure(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, unresponsive, err := source.Pull(ctx, rows[0].Key)
	require.Error(t, err)
	assert.True(t, unresponsive)
}
