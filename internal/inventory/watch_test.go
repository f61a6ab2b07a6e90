package inventory

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// sinkFunc is a sink of events.
type sinkFunc func(*lifecycle.Event)

func (f sinkFunc) Record(e *lifecycle.Event) { f(e) }

func TestWatch(t *testing.T) {
	f, config := newHost(t)
	web, err := f.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	pod, err := f.AddKata(kata.Options{ID: "cache", Rust: true, Hypervisor: "qemu"})
	require.NoError(t, err)
	config.CollectionInterval = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var mu sync.Mutex
	got := map[string]bool{}
	var removal sync.WaitGroup
	defer removal.Wait()
	remove := sync.OnceFunc(func() { removal.Go(func() { assert.NoError(t, f.RemoveGVisor(web)) }) })
	sink := sinkFunc(func(e *lifecycle.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Identity == nil {
			return
		}
		got[string(e.Name)+" "+e.Identity.ID] = true
		if got["sandbox.found web"] && got["sandbox.skipped cache"] {
			remove()
		}
		if got["sandbox.gone web"] {
			cancel()
		}
	})
	require.NoError(t, Watch(ctx, config, sink, func(_ string, err error) { assert.NoError(t, err) }))
	assert.ErrorIs(t, ctx.Err(), context.Canceled)
	assert.Zero(t, pod.Load().Calls)
	assert.False(t, pod.Crashed())
}

func TestWatchReportsInvalidConfiguration(t *testing.T) {
	_, config := newHost(t)
	config.GVisor.MetricFilter = "("
	require.ErrorContains(t, Watch(t.Context(), config, lifecycle.Discard, nil), "gvisor: ")
}

func TestConnectOnly(t *testing.T) {
	settings := sandbox.Settings{}
	item := &Item{}
	item.Path = "/run/vc/sbs/web"
	ConnectOnly(item)(&settings)
	assert.True(t, settings.MayConnect("/run/vc/sbs", "web"))
	assert.False(t, settings.MayConnect("/run/vc/sbs", "web2"))
	assert.False(t, settings.MayConnect("/run/kata", "web"))
}
