package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
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
		MetricFilter: "(", CapabilityFilter: "[", MetricPrefix: "9", MaxResponseSize: -1,
	}
	err := bad.Check()
	for _, key := range []string{
		"roots", "trust", "unknown_metrics", "metric_filter", "capability_filter", "metric_prefix", "max_response_size",
	} {
		require.ErrorContains(t, err, key+": ")
	}
	bad.Enabled = false
	require.NoError(t, bad.Check(), "a disabled runtime must not be checked")
}
