package gvisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// BenchmarkDiscovery discovers 1,000 sandboxes with state files of the typical size.
func BenchmarkDiscovery(b *testing.B) {
	const sandboxes = 1000
	fleet := newFleet(b, simfleet.Options{GVisor: sandboxes})
	b.ReportAllocs()
	for b.Loop() {
		r := newRecorder(b)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error)
		runtime := newRuntime(b, testConfig(fleet.RuntimeRoot()))
		go func() { done <- runtime.Watch(ctx, r) }()
		r.await("all sandboxes are added", func() bool { return len(r.present) == sandboxes })
		cancel()
		require.NoError(b, <-done)
	}
}

// BenchmarkPull pulls one sandbox that sends the default number of points.
func BenchmarkPull(b *testing.B) {
	fleet := newFleet(b, simfleet.Options{})
	addGVisor(b, fleet, simgvisor.Options{ID: "web"})
	s := watch(b, newRuntime(b, testConfig(fleet.RuntimeRoot()))).get("web")
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	r := new(sandbox.Reading)
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if err := s.Pull(ctx, r); err != nil {
			b.Fatal(err)
		}
		s.AppendInfo(r, true)
	}
}
