package inventory

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newHost returns simulated sandboxes with cgroups, and a configuration that finds them.
func newHost(t *testing.T) (*fleet.Fleet, *sandboxreceiver.Config) {
	t.Helper()
	directory, err := os.MkdirTemp("", "i") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	f, err := fleet.New(directory, fleet.Options{CgroupRoot: filepath.Join(directory, "cgroup")})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
	config.GVisor.Roots, config.Kata.StoragePaths = []string{f.RuntimeRoot()}, f.StoragePaths()
	config.Usage.CgroupRoot = f.CgroupRoot()
	return f, config
}

// discoverAll discovers the sandboxes of a test, without an error.
func discoverAll(t *testing.T, config *sandboxreceiver.Config, settings ...Settings) *Inventory {
	t.Helper()
	i, err := Discover(t.Context(), config, zap.NewNop(), settings...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, i.Close()) })
	return i
}

func TestDiscover(t *testing.T) {
	f, config := newHost(t)
	for _, id := range []string{"web", "batch"} {
		_, err := f.AddGVisor(gvisor.Options{ID: id})
		require.NoError(t, err)
	}
	_, err := f.AddKata(kata.Options{ID: "cache", Rust: true, Hypervisor: "qemu"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(f.RuntimeRoot(), "my.state"), nil, 0o600))

	i := discoverAll(t, config, HostFilesOnly, CPUAndMemory)
	require.NoError(t, i.Measure(t.Context()))
	require.Len(t, i.Items, 4)
	batch, foreign, web, cache := &i.Items[0], &i.Items[1], &i.Items[2], &i.Items[3]
	assert.Equal(t, "batch", batch.ID())
	assert.Equal(t, "my.state", foreign.ID())
	assert.Nil(t, foreign.Identity)
	assert.Equal(t, "foreign", foreign.Reason.Name)
	assert.Zero(t, foreign.Usage)
	assert.Equal(t, sandbox.Running, web.State)
	assert.Equal(t, reason.NotContacted, cache.Decision)
	for _, item := range []*Item{batch, web, cache} {
		assert.True(t, item.Usage.HasCPU, item.ID())
		assert.Positive(t, item.Usage.Memory, item.ID())
	}
	before := web.Usage
	require.NoError(t, i.Measure(t.Context()))
	assert.GreaterOrEqual(t, web.Usage.CPU, before.CPU)
}

func TestSandboxesThatAreNotSelectedAreClosed(t *testing.T) {
	f, config := newHost(t)
	s, err := f.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	config.Kata.Enabled = false
	config.Include.Namespaces = []filter.Config{{Strict: "production"}}
	i := discoverAll(t, config, CPUAndMemory)
	require.NoError(t, i.Measure(t.Context()))
	web := &i.Items[0]
	assert.Equal(t, "web", web.Identity.ID)
	assert.Equal(t, "excluded", web.Reason.Name)
	assert.Zero(t, web.Usage)
	require.ErrorContains(t, web.Pull(t.Context(), sandbox.NewReading()), "sandbox web is not collected")
	assert.Zero(t, s.Load().Calls)
}

// TestHostFilesOnly checks that no connection to a shim is opened, although without this
// setting one is, which sends nothing, and a request with a pull.
func TestHostFilesOnly(t *testing.T) {
	f, config := newHost(t)
	config.Kata.TrustedHypervisors = append(config.Kata.TrustedHypervisors, "qemu")
	p, err := f.AddKata(kata.Options{ID: "cache", Rust: true, Hypervisor: "qemu", Booting: true})
	require.NoError(t, err)
	require.NoError(t, os.Remove(p.SocketPath()))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.SocketPath(), Net: "unix"})
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	require.NoError(t, p.FinishBooting(), "the state file must be newer than the socket")
	// A connection is accepted by the kernel before discovery ends.
	isConnected := func() bool {
		require.NoError(t, listener.SetDeadline(time.Now().Add(100*time.Millisecond)))
		conn, err := listener.Accept()
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}

	i := discoverAll(t, config, HostFilesOnly, CPUAndMemory)
	require.NoError(t, i.Measure(t.Context()))
	require.Error(t, i.Items[0].Pull(t.Context(), sandbox.NewReading()))
	assert.True(t, i.Items[0].Usage.HasCPU)
	assert.False(t, isConnected())

	discoverAll(t, config)
	assert.True(t, isConnected(), "the test must detect connections")
}

func TestPull(t *testing.T) {
	f, config := newHost(t)
	_, err := f.AddGVisor(gvisor.Options{ID: "web", Pod: simulate.Containerd})
	require.NoError(t, err)
	i := discoverAll(t, config)
	r := sandbox.NewReading()
	defer r.Free()
	require.NoError(t, i.Items[0].Pull(t.Context(), r))
	assert.NotEmpty(t, r.Points)
}

func TestDiscoverReturnsErrorsOfDiscovery(t *testing.T) {
	_, config := newHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i, err := Discover(ctx, config, zap.NewNop())
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, i.Close())
	config.GVisor.MetricFilter = "("
	_, err = Discover(t.Context(), config, zap.NewNop())
	require.ErrorContains(t, err, "gvisor: ")
}
