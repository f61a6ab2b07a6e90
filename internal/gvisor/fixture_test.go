package gvisor

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// longTimeout limits what should happen immediately. It is never reached on a
// working machine, however busy.
const longTimeout = 30 * time.Second

func testConfig(roots ...string) Config {
	return Config{
		Enabled:         true,
		Roots:           roots,
		Trust:           sandbox.FirstUse,
		MetricPrefix:    "runsc_",
		MaxResponseSize: 4 << 20,
		VerifyPeer:      true,
	}
}

// newRuntime returns a runtime with the naming "prometheus".
func newRuntime(tb testing.TB, config Config) *Runtime {
	tb.Helper()
	runtime, err := New(&config, sandbox.Settings{Naming: sandbox.Prometheus}, zap.NewNop())
	require.NoError(tb, err)
	return runtime
}

// newFleet returns a fleet of simulated sandboxes, which is closed when the test
// ends.
func newFleet(tb testing.TB, options simfleet.Options) *simfleet.Fleet {
	tb.Helper()
	fleet, err := simfleet.New(tb.TempDir(), options)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, fleet.Close()) })
	return fleet
}

func addGVisor(tb testing.TB, fleet *simfleet.Fleet, options simgvisor.Options) *simgvisor.Sandbox {
	tb.Helper()
	s, err := fleet.AddGVisor(options)
	require.NoError(tb, err)
	return s
}

// watch runs a runtime until the test ends. It returns after the first scan.
func watch(tb testing.TB, runtime *Runtime) *recorder {
	tb.Helper()
	r := newRecorder(tb)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(tb, runtime.Watch(ctx, r)) })
	tb.Cleanup(func() {
		cancel()
		running.Wait()
		for _, s := range r.present {
			assert.NoError(tb, s.Close())
		}
	})
	r.await("the first scan is complete", func() bool { return r.scanned })
	return r
}

// pull pulls a sandbox once.
func pull(tb testing.TB, s *Sandbox, timeout time.Duration) (*sandbox.Reading, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), timeout)
	defer cancel()
	r := new(sandbox.Reading)
	err := s.Pull(ctx, r)
	return r, err
}

// record returns the record of a sandbox that was started by hand.
func record() *discovery.Sandbox {
	created := time.Date(2026, 11, 20, 9, 43, 49, 901690938, time.UTC)
	return &discovery.Sandbox{
		Key:        discovery.Key{Root: "/run/runsc", ID: "busy2"},
		Created:    created,
		Started:    created.Add(-time.Millisecond),
		Status:     "running",
		PID:        42,
		Socket:     "/run/runsc/runsc-busy2.sock",
		Containers: []discovery.Container{{ID: "busy2"}},
		Metadata: &discovery.Metadata{Attributes: []sandbox.Attribute{
			{Key: "platform", Value: "kvm"},
			{Key: "version", Value: "release-20260901.0"},
		}},
		Spec: discovery.Spec{OCIVersion: "1.0.0", RunsAsRoot: true},
	}
}
