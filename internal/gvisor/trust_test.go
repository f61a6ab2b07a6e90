package gvisor

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// TestRegistrationIsRequestedOncePerInstance covers sandboxes whose state file
// contains no registration.
func TestRegistrationIsRequestedOncePerInstance(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web", Unregistered: true})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	s := observer.get("web")
	assert.Equal(t, sandbox.FirstUse, s.Identity().Trust)
	for calls := range 3 {
		r, err := pull(t, s, longTimeout)
		require.NoError(t, err)
		assert.Len(t, r.Points, simgvisor.DefaultPoints)
		assert.Equal(t, int64(calls+2), simulated.Load().Calls)
	}
	assert.Zero(t, simulated.Load().Forbidden)

	require.NoError(t, simulated.Restart())
	var next *Sandbox
	observer.await("the next instance is added", func() bool {
		next = observer.find("web")
		return next != nil && next != s
	})
	assert.NotEqual(t, s.Identity().Iteration, next.Identity().Iteration)
	_, err := pull(t, next, longTimeout)
	require.NoError(t, err)
	assert.Equal(t, int64(6), simulated.Load().Calls)
}

func TestRegistrationInStateFileIsNotRequested(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "db"})
	_, err := pull(t, watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("db"), longTimeout)
	require.NoError(t, err)
	assert.Equal(t, int64(1), simulated.Load().Calls)
}

func TestUnregisteredSandboxIsRefused(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Unregistered: true})
	addGVisor(t, fleet, simgvisor.Options{ID: "db"})
	config := testConfig(fleet.RuntimeRoot())
	config.Trust = sandbox.Registered
	observer := watch(t, newRuntime(t, config))
	observer.get("db")
	assert.Nil(t, observer.find("web"))
	assert.Equal(t, []string{unregistered}, slices.Collect(maps.Values(observer.skipped)))
}

var firstUseFailures = map[string]struct {
	response string
	want     sandbox.Outcome
	// requests is the number of requests in two pulls.
	requests int
}{
	"error":              {`{"success":false,"err":"unknown method","result":null}`, sandbox.Refused, 2},
	"result is a number": {`{"success":true,"err":"","result":7}`, sandbox.Malformed, 2},
	"no registration":    {`{"success":true,"err":"","result":{}}`, sandbox.Malformed, 2},
	"null":               {`{"success":true,"err":"","result":{"RegisteredMetrics":null}}`, sandbox.Untrusted, 1},
	"array":              {`{"success":true,"err":"","result":{"RegisteredMetrics":[]}}`, sandbox.Untrusted, 1},
	"reserved name": {
		`{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":[{"name":"/x","prometheus_name":"meta_x"}]}}}`,
		sandbox.Untrusted, 1,
	},
	"no response": {``, sandbox.Disconnected, 2},
	"too large": {
		`{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":["` + strings.Repeat("x", 5000), sandbox.Oversize, 2,
	},
}

func TestFirstUseFailures(t *testing.T) {
	for name, test := range firstUseFailures {
		t.Run(name, func(t *testing.T) {
			fake := newFakeSandbox(t, map[string]string{methodRegisteredMetrics: test.response, methodExport: emptySnapshot})
			config := testConfig(fake.record.Root)
			config.MaxResponseSize = 4096
			s := newTestSandbox(t, newRuntime(t, config), fake.record)
			for range 2 {
				_, err := pull(t, s, longTimeout)
				assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			}
			assert.Equal(t, slices.Repeat([]string{methodRegisteredMetrics}, test.requests), fake.received())
		})
	}
}

// TestInvalidRegistrationIsFinal checks that a sandbox with an invalid registration
// in its state file receives no requests, not even for another registration.
func TestInvalidRegistrationIsFinal(t *testing.T) {
	fake := newFakeSandbox(t, map[string]string{methodExport: emptySnapshot})
	runtime := newRuntime(t, testConfig(fake.record.Root))
	_, fake.record.RegistrationError = runtime.registrations.Get([]byte(`{"metrics":[{"name":"/x"}]}`))
	require.Error(t, fake.record.RegistrationError)
	s := newTestSandbox(t, runtime, fake.record)
	for range 2 {
		_, err := pull(t, s, longTimeout)
		assert.Equal(t, sandbox.Untrusted, sandbox.OutcomeOf(err))
		require.ErrorIs(t, err, fake.record.RegistrationError)
	}
	assert.Empty(t, fake.received())
	r := new(sandbox.Reading)
	s.AppendSeries(r)
	assert.Empty(t, r.Points)
}
