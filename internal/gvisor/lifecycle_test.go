package gvisor

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// changeRecord replaces the record of a sandbox with a changed copy.
func changeRecord(s *Sandbox, change func(*discovery.Sandbox)) {
	changed := *s.record.Load()
	change(&changed)
	s.record.Store(&changed)
}

// loseProcess sets a PID that no process has.
func loseProcess(_ *testing.T, s *Sandbox) {
	changeRecord(s, func(record *discovery.Sandbox) { record.PID = 1 << 22 })
}

var goneTests = map[string]struct {
	change     func(*testing.T, *Sandbox)
	verifyPeer bool
	want       sandbox.Outcome
}{
	"unchanged":     {func(*testing.T, *Sandbox) {}, true, sandbox.Disconnected},
	"reported gone": {func(_ *testing.T, s *Sandbox) { s.gone.Store(true) }, true, sandbox.Gone},
	"reported as exited": {func(_ *testing.T, s *Sandbox) {
		changeRecord(s, func(record *discovery.Sandbox) { record.Exited = true })
	}, true, sandbox.Gone},
	"state file deleted": {func(t *testing.T, s *Sandbox) {
		t.Helper()
		require.NoError(t, os.Remove(s.record.Load().StateFile()))
	}, false, sandbox.Gone},
	"no process":                       {loseProcess, true, sandbox.Gone},
	"no process in this PID namespace": {loseProcess, false, sandbox.Disconnected},
}

// TestPullOfEndedSandbox checks that a pull that fails because the sandbox has ended
// does not count as a failure of the sandbox.
func TestPullOfEndedSandbox(t *testing.T) {
	for name, test := range goneTests {
		t.Run(name, func(t *testing.T) {
			fake := newFakeSandbox(t, nil)
			config := testConfig(fake.record.Root)
			config.VerifyPeer = test.verifyPeer
			runtime := newRuntime(t, config)
			register(t, runtime, fake.record)
			s := newTestSandbox(t, runtime, fake.record)
			test.change(t, s)
			_, err := pull(t, s, longTimeout)
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
		})
	}
}

// TestLifecycle follows a simulated sandbox from its start through a checkpoint and
// a restore to its end.
func TestLifecycle(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	s := observer.get("web")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)

	require.NoError(t, simulated.Checkpoint())
	observer.get("web")
	awaitRecord(t, s, func(record *discovery.Sandbox) bool { return record.Checkpointed })

	require.NoError(t, simulated.Restore())
	var restored *Sandbox
	observer.await("the restored instance is added", func() bool {
		restored = observer.find("web")
		return restored != nil && restored != s
	})
	_, err = pull(t, s, longTimeout)
	assert.Equal(t, sandbox.Gone, sandbox.OutcomeOf(err), "%v", err)
	assert.True(t, restored.record.Load().Restored)
	_, err = pull(t, restored, longTimeout)
	require.NoError(t, err)

	require.NoError(t, simulated.Stop())
	awaitRecord(t, restored, func(record *discovery.Sandbox) bool { return statusOf(record).State == sandbox.Stopped })
	require.NoError(t, fleet.RemoveGVisor(simulated))
	observer.await("the sandbox is gone", func() bool { return len(observer.present) == 0 })
}

// awaitRecord waits for a change of the record, which is not reported to the
// observer.
func awaitRecord(t *testing.T, s *Sandbox, condition func(*discovery.Sandbox) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return condition(s.record.Load()) }, longTimeout, time.Millisecond)
}
