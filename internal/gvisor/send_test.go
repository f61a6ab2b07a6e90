package gvisor

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestSendThenReceive(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	assert.False(t, s.Send(t.Context()), "the first pull must create the verifier first")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)
	onBlock := func() { t.Error("Receive must not wait for a response that has arrived") }
	for range 3 {
		require.True(t, s.Send(t.Context()))
		require.Eventually(t, s.Ready, longTimeout, time.Millisecond)
		r := new(sandbox.Reading)
		require.NoError(t, s.Receive(r, onBlock))
		assert.Len(t, r.Points, simgvisor.DefaultPoints)
	}
	assert.Equal(t, int64(4), simulated.Load().Calls)
}

// openFiles returns the number of open file descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestCloseAfterSendReleasesConnection(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)
	// The simulated sandbox closes its end of the connection in this process, too.
	var before int
	require.Eventually(t, func() bool {
		before = openFiles(t)
		time.Sleep(5 * time.Millisecond)
		return openFiles(t) == before
	}, longTimeout, time.Millisecond)
	require.True(t, s.Send(t.Context()))
	require.NoError(t, s.Close())
	assert.Eventually(t, func() bool { return openFiles(t) <= before }, longTimeout, time.Millisecond)
	_, err = pull(t, s, longTimeout)
	require.NoError(t, err, "a later pull must not be affected")
}

// TestReceiveReportsBlocking covers waiting for the start of a response and in the
// middle of it.
func TestReceiveReportsBlocking(t *testing.T) {
	for _, mode := range []simulate.Mode{simgvisor.Stall, simgvisor.StallMidway} {
		t.Run(string(mode), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: mode})
			s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
			_, err := pull(t, s, 50*time.Millisecond)
			require.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			require.True(t, s.Send(ctx))
			blocked := 0
			err = s.Receive(new(sandbox.Reading), func() { blocked++ })
			assert.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
			assert.Equal(t, 1, blocked)
		})
	}
}

func TestSendWithoutListener(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)
	require.NoError(t, os.Remove(simulated.SocketPath()))
	require.True(t, s.Send(t.Context()))
	assert.True(t, s.Ready(), "there will be no response")
	err = s.Receive(new(sandbox.Reading), nil)
	assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
}
