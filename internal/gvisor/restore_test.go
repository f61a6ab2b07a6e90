package gvisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// Counters may begin anew if the state file shows that the sandbox was restored, which
// moves their start time. A sandbox cannot do that itself.
func TestCountersBeginAnewAfterRestore(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*discovery.Sandbox)
		want   sandbox.Outcome
	}{
		"restored": {func(record *discovery.Sandbox) {
			record.Restored, record.Started = true, record.Started.Add(time.Second)
		}, sandbox.OK},
		"restored again": {func(record *discovery.Sandbox) { record.Started = record.Started.Add(time.Second) }, sandbox.OK},
		"checkpointed":   {func(record *discovery.Sandbox) { record.Checkpointed = true }, sandbox.Rejected},
		"nothing":        {func(*discovery.Sandbox) {}, sandbox.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.CounterDown})
			s := watch(t, newRuntimeWithCgroups(t, fleet.RuntimeRoot(), t.TempDir())).get("web")
			before, err := pull(t, s, longTimeout)
			require.NoError(t, err)
			changeRecord(s, test.change)
			after, err := pull(t, s, longTimeout)
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			if test.want == sandbox.OK {
				assert.Equal(t, time.Second, after.Start.Sub(before.Start))
			}
		})
	}
}
