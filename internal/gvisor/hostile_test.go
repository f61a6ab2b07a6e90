package gvisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// shortTimeout is for sandboxes that never complete a response.
const shortTimeout = 100 * time.Millisecond

var hostileTests = map[simulate.Mode]struct {
	timeout time.Duration
	// pulls is the number of pulls. The last one has the outcome want, and all
	// previous ones succeed.
	pulls int
	want  sandbox.Outcome
}{
	simgvisor.Refuse:               {longTimeout, 1, sandbox.Unreachable},
	simgvisor.Stall:                {shortTimeout, 1, sandbox.Timeout},
	simgvisor.StallMidway:          {shortTimeout, 1, sandbox.Timeout},
	simgvisor.Trickle:              {shortTimeout, 1, sandbox.Timeout},
	simgvisor.Late:                 {shortTimeout, 1, sandbox.Timeout},
	simgvisor.Truncated:            {longTimeout, 1, sandbox.Disconnected},
	simgvisor.Garbage:              {longTimeout, 1, sandbox.Malformed},
	simgvisor.EndlessString:        {longTimeout, 1, sandbox.Oversize},
	simgvisor.EndlessArray:         {longTimeout, 1, sandbox.Rejected},
	simgvisor.DeepNesting:          {longTimeout, 1, sandbox.Malformed},
	simgvisor.CounterDown:          {longTimeout, 2, sandbox.Rejected},
	simgvisor.UnknownMetric:        {longTimeout, 1, sandbox.Rejected},
	simgvisor.HelpChanged:          {longTimeout, 1, sandbox.Rejected},
	simgvisor.Duplicate:            {longTimeout, 1, sandbox.Rejected},
	simgvisor.Future:               {longTimeout, 1, sandbox.Rejected},
	simgvisor.Old:                  {longTimeout, 1, sandbox.Rejected},
	simgvisor.FilterIgnored:        {longTimeout, 1, sandbox.Rejected},
	simgvisor.Descriptors:          {longTimeout, 1, sandbox.OK},
	simgvisor.ClockBack:            {longTimeout, 3, sandbox.Rejected},
	simgvisor.ClockAhead:           {longTimeout, 3, sandbox.Rejected},
	simgvisor.CreatedAhead:         {longTimeout, 2, sandbox.OK},
	simgvisor.MixedAnnotations:     {longTimeout, 2, sandbox.OK},
	simgvisor.LyingRegistration:    {longTimeout, 2, sandbox.OK},
	simgvisor.ReservedLabels:       {longTimeout, 2, sandbox.OK},
	simgvisor.LargeRegistration:    {longTimeout, 1, sandbox.Oversize},
	simgvisor.StalledRegistration:  {shortTimeout, 1, sandbox.Timeout},
	simgvisor.DistinctRegistration: {longTimeout, 2, sandbox.OK},
	"":                             {longTimeout, 1, sandbox.OK},
	// Whatever a sandbox reports that it uses, its snapshots are valid.
	simgvisor.UsageCPUJump:           {longTimeout, 2, sandbox.OK},
	simgvisor.UsageCPUFall:           {longTimeout, 2, sandbox.OK},
	simgvisor.UsageMemory:            {longTimeout, 2, sandbox.OK},
	simgvisor.UsageManyInterfaces:    {longTimeout, 2, sandbox.OK},
	simgvisor.UsageNewInterfaces:     {longTimeout, 2, sandbox.OK},
	simgvisor.UsageUnknownContainers: {longTimeout, 2, sandbox.OK},
	simgvisor.UsageRefused:           {longTimeout, 2, sandbox.OK},
	simgvisor.UsageStall:             {longTimeout, 2, sandbox.OK},
	simgvisor.UsageGarbage:           {longTimeout, 2, sandbox.OK},
	simgvisor.UsageStallMidway:       {longTimeout, 2, sandbox.OK},
	simgvisor.UsageTrickle:           {longTimeout, 2, sandbox.OK},
}

// TestHostileSandboxes checks that each hostile mode fails with its outcome, before
// the deadline. TestMain checks that no goroutines are left.
func TestHostileSandboxes(t *testing.T) {
	for mode, test := range hostileTests {
		t.Run(string(mode), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: mode})
			config := testConfig(fleet.RuntimeRoot())
			config.MetricFilter = "netstack_.*|fs_.*"
			s := watch(t, newRuntime(t, config)).get("web")
			for range test.pulls - 1 {
				_, err := pull(t, s, test.timeout)
				require.NoError(t, err)
			}
			_, err := pull(t, s, test.timeout)
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Equal(t, sandbox.Running, s.Status().State)
		})
	}
}

// TestWrongPeer checks that a process other than that of the state file receives no
// requests, unless peers are not verified.
func TestWrongPeer(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.WrongPeer})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	_, err := pull(t, s, longTimeout)
	assert.Contains(t, []sandbox.Outcome{sandbox.WrongPeer, sandbox.Gone}, sandbox.OutcomeOf(err), "%v", err)
	assert.Zero(t, simulated.Load().Calls)

	config := testConfig(fleet.RuntimeRoot())
	config.VerifyPeer = false
	s = watch(t, newRuntime(t, config)).get("web")
	assert.Equal(t, sandbox.Running, s.Status().State)
	_, err = pull(t, s, longTimeout)
	assert.NoError(t, err)
}

// TestHiddenProcess checks that a sandbox whose process does not exist here receives no
// requests. In the PID namespace of the host, the process has exited; elsewhere, it may
// be one that cannot be seen.
func TestHiddenProcess(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.HiddenProcess})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	want := sandbox.Unknown
	if host.InitialPIDNamespace() {
		want = sandbox.Stopped
	}
	assert.Equal(t, want, s.Status().State)
	_, err := pull(t, s, longTimeout)
	assert.Contains(t, []sandbox.Outcome{sandbox.WrongPeer, sandbox.Gone}, sandbox.OutcomeOf(err), "%v", err)
	assert.Zero(t, simulated.Load().Calls)
}

// TestClockStepsOfSandboxes checks that snapshots are accepted again after one whose
// time was wrong.
func TestClockStepsOfSandboxes(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	for _, mode := range []simulate.Mode{simgvisor.ClockBack, simgvisor.ClockAhead} {
		addGVisor(t, fleet, simgvisor.Options{ID: string(mode), Mode: mode})
	}
	r := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	for mode, rule := range map[simulate.Mode]string{simgvisor.ClockBack: "before the previous", simgvisor.ClockAhead: "future"} {
		s := r.get(string(mode))
		for call := 1; call <= 7; call++ {
			_, err := pull(t, s, longTimeout)
			if call%3 == 0 {
				require.ErrorContains(t, err, rule, mode)
			} else {
				require.NoError(t, err, mode)
			}
		}
	}
}
