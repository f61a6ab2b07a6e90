package simulate_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// found hands over the sandboxes that a runtime finds.
type found struct{ added chan sandbox.Sandbox }

func (f found) Added(s sandbox.Sandbox) { f.added <- s }
func (f found) Gone(sandbox.Sandbox)    {}
func (f found) Skipped(string, string)  {}
func (f found) Scanned()                {}
func (f found) DiscoveryError(error)    {}

// find returns all sandboxes that a runtime finds, by their ids. It stops
// watching when the test ends.
func find(t *testing.T, runtime sandbox.Runtime, count int) map[string]sandbox.Sandbox {
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
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d of %d sandboxes were found", len(all), count)
		}
	}
	return all
}

func newFleet(t *testing.T, options simulate.Options) *simulate.Fleet {
	t.Helper()
	directory, err := os.MkdirTemp("", "simulate") //nolint:usetesting // socket paths have to be short
	require.NoError(t, err)
	fleet, err := simulate.NewFleet(directory, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, fleet.Close())
		assert.NoError(t, os.RemoveAll(directory))
	})
	return fleet
}

func pull(t *testing.T, s sandbox.Sandbox, r *sandbox.Reading) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r.Reset()
	return s.Pull(ctx, r)
}

func TestTheReceiverAcceptsHonestGVisorSandboxes(t *testing.T) {
	fleet := newFleet(t, simulate.Options{GVisor: 2})
	want := map[string]sandbox.Trust{}
	for _, s := range fleet.GVisor() {
		want[s.ID()] = sandbox.Registered
	}
	for _, options := range []simulate.GVisorOptions{
		{ID: "unregistered", Unregistered: true},
		{ID: "pod", Pod: simulate.Containerd, Containers: 2},
		{ID: "most", Points: 2700},
		{ID: "with-descriptors", Mode: simulate.Descriptors},
		{ID: "no-filter-sent", Mode: simulate.FilterIgnored},
	} {
		s, err := fleet.AddGVisor(options)
		require.NoError(t, err)
		want[s.ID()] = sandbox.Registered
	}
	want["unregistered"] = sandbox.FirstUse
	var config gvisor.Config
	config.SetDefaults()
	config.Roots = []string{fleet.RuntimeRoot()}
	runtime, err := config.New(sandbox.OTel, zap.NewNop())
	require.NoError(t, err)
	var r sandbox.Reading
	for id, s := range find(t, runtime, len(want)) {
		assert.Equal(t, want[id], s.Identity().Trust, id)
		assert.Equal(t, sandbox.Running, s.Status().State, id)
		points := simulate.DefaultPoints
		if id == "most" {
			points = 2700
		}
		for range 3 {
			require.NoError(t, pull(t, s, &r), id)
			assert.Len(t, r.Points, points, id)
			assert.Empty(t, r.Dropped, id)
		}
	}
	for _, s := range fleet.GVisor() {
		assert.Zero(t, s.Load().Strange, s.ID())
	}
}

func TestTheReceiverAcceptsHonestKataPodsAndSparesTheOthers(t *testing.T) {
	fleet := newFleet(t, simulate.Options{Kata: 2, KataRust: 2, KataRustQEMU: 1})
	var config kata.Config
	config.SetDefaults()
	config.StoragePaths, config.Families = fleet.StoragePaths(), "all"
	runtime, err := config.New(sandbox.OTel, zap.NewNop())
	require.NoError(t, err)
	pods := find(t, runtime, 5)
	var r sandbox.Reading
	for _, k := range fleet.Kata() {
		s := pods[k.ID()]
		require.NotNil(t, s)
		// Without a guest's data there would be fewer than a hundred points.
		if s.Status().State == sandbox.Running {
			require.NoError(t, pull(t, s, &r))
			assert.Greater(t, len(r.Points), 300)
			assert.Empty(t, r.Dropped)
		} else {
			assert.Equal(t, sandbox.Skipped, s.Status().State)
			_ = pull(t, s, &r)
		}
		assert.False(t, k.Aborted())
		assert.Zero(t, k.Load().Strange)
	}
}
