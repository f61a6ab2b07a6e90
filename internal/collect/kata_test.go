package collect

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// findKata returns the only Kata sandbox of a fleet.
func findKata(t *testing.T, fleet *simfleet.Fleet) sandbox.Sandbox {
	t.Helper()
	var config kata.Config
	config.SetDefaults(sandbox.Default)
	config.StoragePaths = fleet.StoragePaths()
	runtime, err := config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	found, ended := newFound(), make(chan error, 1)
	go func() { ended <- runtime.Watch(ctx, found) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()
	select {
	case s := <-found.added:
		return s
	case <-time.After(time.Minute):
		t.Fatal("the sandbox was not discovered")
		return nil
	}
}

// found is an observer that passes on the sandboxes that it is notified of.
type found struct{ added chan sandbox.Sandbox }

func newFound() found { return found{make(chan sandbox.Sandbox, 1)} }

func (f found) Added(s sandbox.Sandbox)            { f.added <- s }
func (f found) Gone(sandbox.Sandbox)               {}
func (f found) Skipped(string, string)             {}
func (f found) SkippedEntries(string, string, int) {}
func (f found) Scanned()                           {}
func (f found) DiscoveryError(error)               {}

// foundRuntime is a runtime whose only sandbox has been discovered before. The
// watcher of a real runtime would block in a system call, which stops the time of
// a bubble.
type foundRuntime struct{ one sandbox.Sandbox }

func (r foundRuntime) Name() string { return sandbox.RuntimeKata }

func (r foundRuntime) AppendRuntimeMetrics(*sandbox.Reading, sandbox.Stats) {}

func (r foundRuntime) Watch(ctx context.Context, observer sandbox.Observer) error {
	observer.Added(r.one)
	observer.Scanned()
	<-ctx.Done()
	return nil
}

// use replaces the runtime of a harness.
func (h *harness) use(t *testing.T, runtime sandbox.Runtime) {
	t.Helper()
	h.settings.Telemetry.Shutdown()
	h.settings.Runtimes = []sandbox.Runtime{runtime}
	h.stats = newRuntimeStats(h.settings.Runtimes)
	h.lifetimes = newLifetimes(h.settings.Runtimes)
	self, err := telemetry.New(h.self.NewTelemetrySettings(), component.MustNewIDWithName("sandbox", "test"), h.settings.Runtimes)
	require.NoError(t, err)
	require.NoError(t, self.Start())
	h.settings.Telemetry = self
}

// kataRequests returns the number of requests that a simulated shim has received
// after an hour and after a day.
func kataRequests(t *testing.T, options simkata.Options) (hour, day int64) {
	t.Helper()
	directory, err := os.MkdirTemp("", "k") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(directory)) }()
	fleet, err := simfleet.New(directory, simfleet.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, fleet.Close()) }()
	pod, err := fleet.AddKata(options)
	require.NoError(t, err)
	one := findKata(t, fleet)
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) { c.settings.Interval = time.Minute })
		h.use(t, foundRuntime{one})
		stop := h.start(t)
		time.Sleep(time.Hour)
		hour = pod.Load().Calls
		time.Sleep(23 * time.Hour)
		day = pod.Load().Calls
		stop()
	})
	return hour, day
}

// A shim of the Go runtime spins after a malformed text of its guest, once more
// with each request. The number of requests to a shim whose responses break off is
// therefore limited.
func TestKataShimReceivesFewRequestsAfterIncompleteResponses(t *testing.T) {
	hour, day := kataRequests(t, simkata.Options{Mode: simkata.Truncated})
	assert.EqualValues(t, 4, hour)
	assert.EqualValues(t, 4, day)
}

// An honest shim receives a request in every interval.
func TestHonestKataShimReceivesAllRequests(t *testing.T) {
	hour, day := kataRequests(t, simkata.Options{})
	assert.InDelta(t, 60, hour, 1)
	assert.InDelta(t, 24*60, day, 1)
}
