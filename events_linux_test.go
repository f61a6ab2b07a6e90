package sandboxreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestEventsOfSimulatedSandboxes does to sandboxes what causes events, and checks that
// their attributes are declared.
func TestEventsOfSimulatedSandboxes(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{
		GVisor: 2, KataRust: 1, Hostile: map[simulate.Mode]int{simgvisor.CounterDown: 1},
	})
	config := createDefaultConfig().(*Config)
	config.CollectionInterval, config.InitialDelay, config.Timeout = 500*time.Millisecond, 0, 250*time.Millisecond
	config.GVisor.Roots, config.Kata.StoragePaths = []string{fleet.RuntimeRoot()}, fleet.StoragePaths()
	config.Events.SandboxGone.Enabled = false
	next := newEventRecorder()
	part, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), config, next)
	require.NoError(t, err)
	require.NoError(t, part.Start(t.Context(), componenttest.NewNopHost()))
	await := func(event string, count int) {
		t.Helper()
		next.await(t, event, func() bool { return next.events[event] >= count })
	}
	one := fleet.GVisor()[0]
	await(one.ID()+" found", 1)
	await(fleet.Kata()[0].ID()+" found", 1)
	for _, s := range fleet.GVisor() {
		if s.Mode() == simgvisor.CounterDown {
			await(s.ID()+" verification_failed", 1)
		}
	}
	one.Hang()
	await(one.ID()+" unresponsive", 1)
	one.Resume()
	await(one.ID()+" recovered", 1)
	require.NoError(t, one.Checkpoint())
	await(one.ID()+" checkpointed", 1)
	require.NoError(t, one.Restore())
	await(one.ID()+" found", 2)
	await(one.ID()+" restored", 1)
	await(one.ID()+" started", 1)
	require.NoError(t, one.Remove())
	await(one.ID()+" exited", 2)
	require.NoError(t, part.Shutdown(context.Background()))

	for name, count := range map[string]int{"checkpointed": 1, "restored": 1, "exited": 2, "gone": 0} {
		assert.Equal(t, count, next.events[one.ID()+" "+name], name)
	}
	declared := readEventMetadata(t)
	for name, keys := range next.keys {
		for key := range keys {
			assert.Contains(t, declared.Events[name].Attributes, key, name)
		}
	}
	assert.Contains(t, next.keys["sandbox.verification_failed"], "sandbox.verification.metric")
}
