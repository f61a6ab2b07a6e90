package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestDefaultConfigIsValid(t *testing.T) {
	var config Config
	config.SetDefaults(sandbox.Default)
	require.NoError(t, config.Check())
	assert.True(t, config.IsEnabled())
	assert.Equal(t, discovery.DefaultRoots(), config.Roots)
	runtime := newRuntime(t, config)
	assert.Equal(t, "/proc", runtime.processes.Root)
	assert.Equal(t, "gvisor", runtime.Name())
}

func TestCheckReportsAllErrors(t *testing.T) {
	bad := Config{
		Enabled: true, Trust: "blind", UnknownMetrics: "guess",
		MetricFilter: "(", CapabilityFilter: "[", MetricPrefix: "9", ZeroFill: "some", MaxResponseSize: -1,
	}
	err := bad.Check()
	for _, key := range []string{
		"roots", "trust", "unknown_metrics", "metric_filter", "capability_filter", "metric_prefix", "zero_fill", "max_response_size",
	} {
		require.ErrorContains(t, err, key+": ")
	}
	bad.Enabled = false
	require.NoError(t, bad.Check(), "a disabled runtime must not be checked")
}

// TestZeroFillDependsOnNaming checks the default, and that a value replaces it.
func TestZeroFillDependsOnNaming(t *testing.T) {
	var config Config
	config.SetDefaults(sandbox.Default)
	for naming, want := range map[sandbox.Naming]registration.ZeroFill{
		sandbox.OTel: registration.ZeroFillCore, sandbox.Prometheus: registration.ZeroFillNone,
	} {
		config.ZeroFill = ""
		runtime, err := New(&config, sandbox.Settings{Naming: naming}, zap.NewNop())
		require.NoError(t, err)
		assert.Equal(t, want, runtime.snapshots.ZeroFill, naming)
		for _, config.ZeroFill = range registration.ZeroFills {
			require.NoError(t, config.Check())
			runtime, err := New(&config, sandbox.Settings{Naming: naming}, zap.NewNop())
			require.NoError(t, err)
			assert.Equal(t, config.ZeroFill, runtime.snapshots.ZeroFill, naming)
		}
	}
}
