package event_test

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/event"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

// addSandbox adds a simulated sandbox with one container besides the root
// container, and returns its account.
func addSandbox(t *testing.T, mode simulate.Mode) (*simgvisor.Sandbox, *event.Account) {
	t.Helper()
	root := &simgvisor.Root{Directory: simulatetest.ShortTempDir(t), Seeds: simulate.NewSeeds(1)}
	start := time.Now()
	s, err := simgvisor.New(root, simgvisor.Options{ID: "web", Mode: mode, Containers: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Remove()) })
	a := event.NewAccount(event.Host{CPUs: 1, Memory: 1 << 30})
	a.Reset(start, false)
	a.SetContainers([]event.Container{{ID: "web"}, {ID: "web-c0", Name: "app"}})
	return s, a
}

// readPull requests what both containers use, and returns the first error.
func readPull(t *testing.T, s *simgvisor.Sandbox, a *event.Account, timeout time.Duration) (f event.Figures, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	conn, err := control.Dial(ctx, control.Target{ID: "web", Socket: s.SocketPath(), PID: os.Getpid()})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	a.Begin(time.Now())
	for _, id := range []string{"web", "web-c0"} {
		err = conn.Call(control.Event(id), func(source io.Reader) error {
			_, failed := a.Read(id, source, time.Now)
			return failed
		})
		if err != nil {
			break
		}
	}
	a.Finish(&f)
	return f, err
}

func TestSimulatedSandboxes(t *testing.T) {
	const longTimeout = 30 * time.Second
	for mode, test := range map[simulate.Mode]struct {
		timeout time.Duration
		want    sandbox.Outcome
	}{
		"":                               {longTimeout, sandbox.OK},
		simgvisor.UsageCPUJump:           {longTimeout, sandbox.Rejected},
		simgvisor.UsageCPUFall:           {longTimeout, sandbox.OK},
		simgvisor.UsageMemory:            {longTimeout, sandbox.Rejected},
		simgvisor.UsageManyInterfaces:    {longTimeout, sandbox.Oversize},
		simgvisor.UsageNewInterfaces:     {longTimeout, sandbox.OK},
		simgvisor.UsageUnknownContainers: {longTimeout, sandbox.OK},
		simgvisor.UsageRefused:           {longTimeout, sandbox.Refused},
		simgvisor.UsageStall:             {100 * time.Millisecond, sandbox.Timeout},
		simgvisor.UsageGarbage:           {longTimeout, sandbox.Malformed},
		simgvisor.UsageStallMidway:       {100 * time.Millisecond, sandbox.Timeout},
		simgvisor.UsageTrickle:           {100 * time.Millisecond, sandbox.Timeout},
	} {
		t.Run(string(mode), func(t *testing.T) {
			s, a := addSandbox(t, mode)
			var last event.Figures
			for range 5 {
				figures, err := readPull(t, s, a, test.timeout)
				require.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
				// The root container responds first, without memory.
				require.Equal(t, test.want == sandbox.OK || mode == simgvisor.UsageMemory, figures.HasCPU)
				assert.GreaterOrEqual(t, figures.CPU, last.CPU)
				assert.LessOrEqual(t, len(figures.Interfaces), 32)
				if test.want == sandbox.OK {
					assert.Equal(t, mode == simgvisor.UsageUnknownContainers, figures.UnknownContainers == 100)
					assert.Equal(t, mode != simgvisor.UsageUnknownContainers, figures.Memory > 0)
					assert.Equal(t, "eth0", figures.Interfaces[0].Name)
				}
				last = figures
			}
			assert.Equal(t, mode == simgvisor.UsageNewInterfaces, last.DroppedInterfaces > 0)
		})
	}
}
