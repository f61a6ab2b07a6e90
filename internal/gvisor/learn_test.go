package gvisor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// Sandboxes that stall in the middle of their registration hold its memory, so
// only a few do so at a time, and a new sandbox does not wait for all of them.
func TestStallersDoNotDelayNewSandboxes(t *testing.T) {
	const stallers, timeout = 100, 5 * time.Second
	fleet := newFleet(t, simfleet.Options{})
	var simulated []*simgvisor.Sandbox
	for i := range stallers {
		options := simgvisor.Options{ID: fmt.Sprint("staller-", i), Mode: simgvisor.StallMidway, Unregistered: true}
		simulated = append(simulated, addGVisor(t, fleet, options))
	}
	addGVisor(t, fleet, simgvisor.Options{ID: "honest", Unregistered: true})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))

	ctx, cancel := context.WithCancel(t.Context())
	var pulls sync.WaitGroup
	for i := range stallers {
		s := observer.get(fmt.Sprint("staller-", i))
		pulls.Go(func() {
			for ctx.Err() == nil {
				bounded, end := context.WithTimeout(ctx, timeout)
				assert.Error(t, s.Pull(bounded, new(sandbox.Reading)))
				end()
			}
		})
	}
	var most atomic.Int64
	pulls.Go(func() {
		for ctx.Err() == nil {
			connections := 0
			for _, one := range simulated {
				connections += one.Load().Connections
			}
			most.Store(max(most.Load(), int64(connections)))
			time.Sleep(time.Millisecond)
		}
	})
	time.Sleep(50 * time.Millisecond)
	_, err := pull(t, observer.get("honest"), timeout)
	cancel()
	pulls.Wait()
	require.NoError(t, err)
	// The simulated sandbox notices a moment later that a connection was closed.
	assert.LessOrEqual(t, most.Load(), int64(2*(maxLearningFirst+maxLearningSecond+maxLearningAgain)))
}

func TestDistinctRegistrationsShareOneBudget(t *testing.T) {
	const attackers = 80
	fleet := newFleet(t, simfleet.Options{})
	for i := range attackers {
		addGVisor(t, fleet, simgvisor.Options{ID: fmt.Sprint("attacker-", i), Mode: simgvisor.DistinctRegistration})
	}
	addGVisor(t, fleet, simgvisor.Options{ID: "registered"})
	for _, id := range []string{"honest-1", "honest-2"} {
		addGVisor(t, fleet, simgvisor.Options{ID: id, Unregistered: true})
	}
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	_, err := pull(t, observer.get("honest-1"), longTimeout)
	require.NoError(t, err)

	before := heapSize()
	outcomes := map[sandbox.Outcome]int{}
	for i := range attackers {
		_, err = pull(t, observer.get(fmt.Sprint("attacker-", i)), longTimeout)
		outcomes[sandbox.OutcomeOf(err)]++
	}
	require.ErrorContains(t, err, "start sandboxes with --metric-server")
	assert.Equal(t, attackers, outcomes[sandbox.OK]+outcomes[sandbox.Oversize], outcomes)
	assert.Greater(t, outcomes[sandbox.Oversize], 10)
	retained := int64(heapSize()) - int64(before)
	assert.Less(t, retained, firstUseBudget.Bytes*5/4)
	for _, id := range []string{"registered", "honest-1", "honest-2"} {
		_, err := pull(t, observer.get(id), longTimeout)
		require.NoError(t, err, id)
	}
}

func TestLearningPrefersNewSandboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLearning()
		deadline := func(attempts int) time.Duration {
			bounded, end, err := l.begin(t.Context(), attempts)
			require.NoError(t, err)
			defer end()
			until, _ := bounded.Deadline()
			return time.Until(until)
		}
		assert.Equal(t, firstDeadline, deadline(0))
		assert.Equal(t, 16*firstDeadline, deadline(2))
		assert.Less(t, deadline(1000), 4*maxDeadline)

		fill := func(slots, attempts int) {
			for range slots {
				_, end, err := l.begin(t.Context(), attempts)
				require.NoError(t, err)
				t.Cleanup(end)
			}
		}
		fill(maxLearningAgain-1, 2)
		fill(1, 3)
		assert.Equal(t, 4*firstDeadline, deadline(1), "those that always stall do not delay those that were late once")
		fill(maxLearningSecond, 1)
		assert.Equal(t, firstDeadline, deadline(0), "those that failed before do not delay new ones")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, attempts := range []int{1, 2, 3} {
			_, _, err := l.begin(ctx, attempts)
			assert.Equal(t, sandbox.Untrusted, sandbox.OutcomeOf(err))
		}
		canceled, stop := context.WithCancel(t.Context())
		stop()
		_, _, err := l.begin(canceled, 1)
		assert.Equal(t, sandbox.Canceled, sandbox.OutcomeOf(err))
	})
}

// A sandbox on a busy host gets more time within the same pull.
func TestSlowRegistrationIsLearned(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	options := simgvisor.Options{ID: "slow", Mode: simgvisor.Late, Delay: firstDeadline + 100*time.Millisecond, Unregistered: true}
	simulated := addGVisor(t, fleet, options)
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("slow")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)
	assert.Equal(t, int64(3), simulated.Load().Calls)
}
