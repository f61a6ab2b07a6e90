package gvisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// awaitingSandbox is a sandbox that awaits overdue responses.
type awaitingSandbox struct {
	*Sandbox
	simulated *simgvisor.Sandbox
	late      chan struct{}
}

func newAwaiting(t *testing.T, options simgvisor.Options) *awaitingSandbox {
	t.Helper()
	options.ID = "web"
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, options)
	s := &awaitingSandbox{watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web"), simulated, make(chan struct{}, 10)}
	s.OnLateResponse(func() { s.late <- struct{}{} })
	return s
}

// timeOut pulls the sandbox once, which times out.
func (s *awaitingSandbox) timeOut(t *testing.T) {
	t.Helper()
	_, err := pull(t, s.Sandbox, shortTimeout)
	require.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
}

// closed waits until all connections to the sandbox are closed. One that hangs does not
// notice that before Resume.
func (s *awaitingSandbox) closed(t *testing.T) {
	t.Helper()
	s.simulated.Resume()
	assert.Eventually(t, func() bool { return s.simulated.Load().Connections == 0 }, longTimeout, time.Millisecond)
}

func (s *awaitingSandbox) awaitLate(t *testing.T) {
	t.Helper()
	select {
	case <-s.late:
	case <-time.After(longTimeout):
		require.Fail(t, "the late response was not reported")
	}
}

// TestLateResponse checks that the request of a pull that timed out is reported when
// the sandbox responds to it, whether it asked for a snapshot or for a registration.
func TestLateResponse(t *testing.T) {
	for name, options := range map[string]simgvisor.Options{
		"registered": {}, "first pull": {Unregistered: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newAwaiting(t, options)
			s.simulated.Hang()
			for range 3 {
				s.timeOut(t)
				assert.True(t, s.Awaiting())
			}
			assert.Empty(t, s.late)
			s.simulated.Resume()
			s.awaitLate(t)
			s.closed(t)
			_, err := pull(t, s.Sandbox, longTimeout)
			require.NoError(t, err)
			assert.False(t, s.Awaiting())
			assert.Empty(t, s.late, "a response is reported once")
		})
	}
}

func TestSandboxEndsWhileItsResponseIsAwaited(t *testing.T) {
	s := newAwaiting(t, simgvisor.Options{})
	s.simulated.Hang()
	s.timeOut(t)
	require.NoError(t, s.simulated.Stop())
	s.awaitLate(t)
}

func TestCloseEndsAwaiting(t *testing.T) {
	s := newAwaiting(t, simgvisor.Options{})
	s.simulated.Hang()
	s.timeOut(t)
	require.NoError(t, s.Close())
	s.closed(t)
	assert.False(t, s.Awaiting())
	assert.Empty(t, s.late)
}

// TestNotAwaited checks when the connection is closed: if the response has begun,
// since the sandbox does respond then, if nothing waits for the response, and if the
// sandbox responds in time.
func TestNotAwaited(t *testing.T) {
	t.Run("begun", func(t *testing.T) {
		for _, options := range []simgvisor.Options{{Mode: simgvisor.StallMidway}, {Mode: simgvisor.Trickle}} {
			s := newAwaiting(t, options)
			s.timeOut(t)
			assert.False(t, s.Awaiting(), options.Mode)
			s.closed(t)
		}
	})
	t.Run("without a function", func(t *testing.T) {
		s := newAwaiting(t, simgvisor.Options{})
		s.OnLateResponse(nil)
		s.simulated.Hang()
		s.timeOut(t)
		assert.False(t, s.Awaiting())
		s.closed(t)
	})
	t.Run("in time", func(t *testing.T) {
		s := newAwaiting(t, simgvisor.Options{})
		_, err := pull(t, s.Sandbox, longTimeout)
		require.NoError(t, err)
		assert.False(t, s.Awaiting())
		s.closed(t)
	})
}

// TestAwaitedResponsesAreLimited lets more sandboxes hang than may be awaited.
func TestAwaitedResponsesAreLimited(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	var all []*simgvisor.Sandbox
	for i := range maxOverdue + 3 {
		all = append(all, addGVisor(t, fleet, simgvisor.Options{ID: fmt.Sprint("hung-", i)}))
	}
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	awaiting := 0
	for _, simulated := range all {
		simulated.Hang()
		s := observer.get(simulated.ID())
		s.OnLateResponse(func() {})
		_, err := pull(t, s, 10*time.Millisecond)
		require.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
		if s.Awaiting() {
			awaiting++
		}
	}
	assert.Equal(t, maxOverdue, awaiting)
}
