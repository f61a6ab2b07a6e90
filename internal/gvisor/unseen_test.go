package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestPullOfUnseenSandbox covers a sandbox whose process cannot be seen. It is
// pulled if its peer can be verified, and otherwise the failure is not mistaken for
// its end.
func TestPullOfUnseenSandbox(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	record := *s.record.Load()
	record.Unseen = true
	s.record.Store(&record)
	assert.Equal(t, sandbox.Status{State: sandbox.Unknown}, s.Status())
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err, "hidepid does not hide the peer of a socket")

	elsewhere := record
	elsewhere.PID = 1<<22 - 1
	s.record.Store(&elsewhere)
	_, err = pull(t, s, longTimeout)
	assert.Equal(t, sandbox.WrongPeer, sandbox.OutcomeOf(err), "%v", err)
}

func TestRunningOfUnseenSandbox(t *testing.T) {
	unseen := record()
	unseen.Unseen = true
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(unseen)
	const running = `runsc_meta_sandbox_running{iteration="1zo45mry6r0nd",sandbox="busy2"} `
	assert.Contains(t, infoLines(s, false), running+"0")
	assert.Contains(t, infoLines(s, true), running+"1", "a sandbox that responds runs")
}
