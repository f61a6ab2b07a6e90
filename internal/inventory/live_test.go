package inventory

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func startLive(t *testing.T, config *sandboxreceiver.Config) *Live {
	t.Helper()
	l, err := NewLive(config, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(l.Close)
	require.NoError(t, l.WaitForScan(t.Context()))
	return l
}

// waitForItems measures until there are n sandboxes.
func waitForItems(t *testing.T, l *Live, n int) (items []Item) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		items, err = l.Measure(t.Context())
		require.NoError(t, err)
		return len(items) == n
	}, 30*time.Second, 10*time.Millisecond)
	return items
}

func TestLive(t *testing.T) {
	f, config := newHost(t)
	web, err := f.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	cache, err := f.AddKata(kata.Options{ID: "cache"})
	require.NoError(t, err)
	l := startLive(t, config)
	items := waitForItems(t, l, 2)
	assert.Equal(t, []string{"web", "cache"}, []string{items[0].ID(), items[1].ID()})
	assert.Equal(t, sandbox.Running, items[0].State)
	assert.Equal(t, reason.Collected, items[0].Decision)
	assert.True(t, items[0].Usage.HasCPU)
	assert.Zero(t, web.Load().Calls, "measuring sends nothing")

	duration, err := l.Pull(t.Context(), &items[0])
	require.NoError(t, err)
	assert.Positive(t, duration)
	assert.Positive(t, web.Load().Calls)
	_, err = l.Pull(t.Context(), &items[1])
	require.ErrorIs(t, err, ErrNotContacted)
	assert.Zero(t, cache.Load().Calls)

	_, err = f.AddGVisor(gvisor.Options{ID: "new"})
	require.NoError(t, err)
	waitForItems(t, l, 3)
	require.NoError(t, f.RemoveKata(cache))
	waitForItems(t, l, 2)
	require.NoError(t, f.RemoveGVisor(web))
	rest := waitForItems(t, l, 1)
	assert.Equal(t, "new", rest[0].ID())
	_, err = l.Pull(t.Context(), &items[0])
	assert.Equal(t, sandbox.Gone, sandbox.OutcomeOf(err))
}

// TestLiveWhileSandboxHangs checks that a request in flight neither delays measuring nor
// the end.
func TestLiveWhileSandboxHangs(t *testing.T) {
	f, config := newHost(t)
	hanging, err := f.AddGVisor(gvisor.Options{ID: "hang", Mode: simulate.Mode("stall")})
	require.NoError(t, err)
	l := startLive(t, config)
	items := waitForItems(t, l, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := l.Pull(ctx, &items[0])
		ended <- err
	}()
	require.Eventually(t, func() bool { return hanging.Load().Calls == 1 }, 30*time.Second, time.Millisecond)
	busy, err := l.Measure(t.Context())
	require.NoError(t, err)
	require.Len(t, busy, 1, "what was measured before is returned")
	assert.Equal(t, items[0].Usage, busy[0].Usage)
	require.NoError(t, f.RemoveGVisor(hanging))
	waitForItems(t, l, 0)
	cancel()
	require.Error(t, <-ended)
}

func TestLiveSelects(t *testing.T) {
	f, config := newHost(t)
	_, err := f.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	config.Include.Namespaces = []filter.Config{{Strict: "production"}}
	waitForItems(t, startLive(t, config), 0)
}

func TestLiveReportsErrors(t *testing.T) {
	f, config := newHost(t)
	file := filepath.Join(f.RuntimeRoot(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	config.GVisor.Roots = []string{file}
	_, err := startLive(t, config).Measure(t.Context())
	require.ErrorContains(t, err, "not a directory")
}
