package gvisor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestPull(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	assert.Equal(t, sandbox.Registered, s.Identity().Trust)
	assert.Equal(t, sandbox.Running, s.Status().State)
	assert.Zero(t, s.MinInterval())
	for range 3 {
		r, err := pull(t, s, longTimeout)
		require.NoError(t, err)
		assert.Len(t, r.Points, simgvisor.DefaultPoints)
		assert.Positive(t, r.ResponseSize)
		assert.Equal(t, s.record.Load().Started, r.Start)
		assert.WithinDuration(t, time.Now(), r.Time, longTimeout)
	}
	assert.Equal(t, int64(3), simulated.Load().Calls)
	assert.Eventually(t, func() bool { return simulated.Load().Connections == 0 }, longTimeout, time.Millisecond,
		"an open connection would prevent the sandbox from exiting")

	r := new(sandbox.Reading)
	s.AppendSeries(r)
	assert.Len(t, r.Points, simgvisor.DefaultPoints)
	require.NoError(t, s.Close())
}

func TestPullPods(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "cd", Pod: simulate.Containerd, Containers: 2})
	addGVisor(t, fleet, simgvisor.Options{ID: "crio", Pod: simulate.CRIO, Containers: 1})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	for id, containers := range map[string]int{"cd": 3, "crio": 2} {
		s := observer.get(id)
		observer.await("all containers are known", func() bool { return len(s.record.Load().Containers) == containers })
		assert.NotEmpty(t, s.Identity().Pod.Name)
		assert.NotEmpty(t, s.Identity().Pod.Namespace)
		assert.NotEmpty(t, s.Identity().Pod.UID)
		assert.Empty(t, s.Identity().Container)
		_, err := pull(t, s, longTimeout)
		assert.NoError(t, err)
	}
}

func TestCanceledPull(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.Stall})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Pull(ctx, new(sandbox.Reading)) }()
	cancel()
	assert.Equal(t, sandbox.Canceled, sandbox.OutcomeOf(<-done))
}
