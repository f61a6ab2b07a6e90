package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

// found receives the sandboxes that a runtime discovers.
type found struct{ added chan sandbox.Sandbox }

func (f found) Added(s sandbox.Sandbox)            { f.added <- s }
func (f found) Gone(sandbox.Sandbox)               {}
func (f found) Skipped(string, string)             {}
func (f found) SkippedEntries(string, string, int) {}
func (f found) Scanned()                           {}
func (f found) DiscoveryError(error)               {}

// discover returns the sandboxes that a runtime discovers, by ID. Discovery ends
// with the test.
func discover(t *testing.T, runtime sandbox.Runtime, count int) map[string]sandbox.Sandbox {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	f := found{make(chan sandbox.Sandbox, count)}
	go func() { ended <- runtime.Watch(ctx, f) }()
	all := make(map[string]sandbox.Sandbox)
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		for _, s := range all {
			assert.NoError(t, s.Close())
		}
	})
	for len(all) < count {
		select {
		case s := <-f.added:
			all[s.Identity().ID] = s
		case <-time.After(simulatetest.Timeout):
			t.Fatalf("discovered only %d of %d sandboxes", len(all), count)
		}
	}
	return all
}

func newFleet(t *testing.T, options fleet.Options) *fleet.Fleet {
	t.Helper()
	f, err := fleet.New(simulatetest.ShortTempDir(t), options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return f
}

func pull(t *testing.T, s sandbox.Sandbox, r *sandbox.Reading) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), simulatetest.Timeout)
	defer cancel()
	r.Reset()
	return s.Pull(ctx, r)
}

func TestReceiverAcceptsHonestGVisorSandboxes(t *testing.T) {
	f := newFleet(t, fleet.Options{GVisor: 2})
	want := map[string]sandbox.Trust{}
	for _, s := range f.GVisor() {
		want[s.ID()] = sandbox.Registered
	}
	const manyPoints = 2700
	for _, options := range []simgvisor.Options{
		{ID: "unregistered", Unregistered: true},
		{ID: "pod", Pod: simulate.Containerd, Containers: 2},
		{ID: "many-points", Points: manyPoints},
		{ID: "with-descriptors", Mode: simgvisor.Descriptors},
		{ID: "no-filter-sent", Mode: simgvisor.FilterIgnored},
	} {
		s, err := f.AddGVisor(options)
		require.NoError(t, err)
		want[s.ID()] = sandbox.Registered
	}
	want["unregistered"] = sandbox.FirstUse
	var config gvisor.Config
	config.SetDefaults(sandbox.Default)
	config.ZeroFill = "none"
	config.Roots = []string{f.RuntimeRoot()}
	runtime, err := config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	require.NoError(t, err)
	var r sandbox.Reading
	for id, s := range discover(t, runtime, len(want)) {
		assert.Equal(t, want[id], s.Identity().Trust, id)
		assert.Equal(t, sandbox.Running, s.Status().State, id)
		points := simgvisor.DefaultPoints
		if id == "many-points" {
			points = manyPoints
		}
		for range 3 {
			require.NoError(t, pull(t, s, &r), id)
			assert.Len(t, r.Points, points, id)
			assert.Empty(t, r.Dropped, id)
		}
	}
	for _, s := range f.GVisor() {
		assert.Zero(t, s.Load().Forbidden, s.ID())
	}
}

func TestReceiverAcceptsHonestKataPodsAndSkipsUnsafeOnes(t *testing.T) {
	f := newFleet(t, fleet.Options{Kata: 2, KataRust: 2, KataRustQEMU: 1})
	var config kata.Config
	config.SetDefaults(sandbox.Default)
	config.StoragePaths, config.Families = f.StoragePaths(), "all"
	runtime, err := config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	require.NoError(t, err)
	pods := discover(t, runtime, 5)
	var r sandbox.Reading
	for _, p := range f.Kata() {
		s := pods[p.ID()]
		require.NotNil(t, s)
		// Without the guest's families there would be fewer than a hundred points.
		if s.Status().State == sandbox.Running {
			require.NoError(t, pull(t, s, &r))
			assert.Greater(t, len(r.Points), 300)
			assert.Empty(t, r.Dropped)
		} else {
			assert.Equal(t, sandbox.Skipped, s.Status().State)
			_ = pull(t, s, &r)
		}
		assert.False(t, p.Crashed())
		assert.Zero(t, p.Load().Forbidden)
	}
}
