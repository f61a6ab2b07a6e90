package sandboxreceiver

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

func unmarshal(t *testing.T, keys map[string]any) *Config {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(keys).Unmarshal(config))
	require.NoError(t, confmap.Validate(config))
	return config
}

func TestPresets(t *testing.T) {
	count := func(config *Config) (enabled int) {
		for _, is := range metricSwitches(&config.Metrics) {
			if *is {
				enabled++
			}
		}
		return enabled
	}
	minimal := unmarshal(t, map[string]any{"preset": "minimal"})
	standard := unmarshal(t, map[string]any{"preset": "default"})
	all := unmarshal(t, map[string]any{"preset": "all"})

	assert.Equal(t, createDefaultConfig(), standard)
	for name, is := range metricSwitches(&minimal.Metrics) {
		assert.Equal(t, slices.Contains(minimalMetrics, name), *is, name)
	}
	assert.Equal(t, len(minimalMetrics), count(minimal), "each name must be that of a metric")
	assert.Greater(t, count(standard), count(minimal))
	assert.Greater(t, count(all), count(standard))
	for name, is := range metricSwitches(&all.Metrics) {
		assert.True(t, *is, name)
	}
	assert.Equal(t, "unimplemented_syscalls", minimal.GVisor.MetricFilter)
	assert.Equal(t, reader.NoFamilies, minimal.Kata.Families)
	assert.Equal(t, ".*", all.GVisor.CapabilityFilter)
	assert.Equal(t, reader.AllFamilies, all.Kata.Families)
}

func TestExplicitOptionsTakePrecedenceOverPreset(t *testing.T) {
	config := unmarshal(t, map[string]any{
		"preset":  "minimal",
		"metrics": map[string]any{"sandbox.state": map[string]any{"enabled": false}, "sandbox.disk.io": map[string]any{"enabled": true}},
		"gvisor":  map[string]any{"metric_filter": "fs_.*"},
		"kata":    map[string]any{"families": "all"},
	})
	assert.False(t, config.Metrics.SandboxState.Enabled)
	assert.True(t, config.Metrics.SandboxDiskIo.Enabled)
	assert.False(t, config.Metrics.SandboxPullDuration.Enabled)
	assert.Equal(t, "fs_.*", config.GVisor.MetricFilter)
	assert.Equal(t, reader.AllFamilies, config.Kata.Families)
}

func TestUsageIsOffWithPrometheusNamingUnlessEnabled(t *testing.T) {
	assert.True(t, unmarshal(t, nil).Usage.Enabled)
	assert.True(t, unmarshal(t, map[string]any{"naming": "otel"}).Usage.Enabled)
	assert.False(t, unmarshal(t, map[string]any{"naming": "prometheus"}).Usage.Enabled)
	assert.True(t, unmarshal(t, map[string]any{"naming": "prometheus", "usage": map[string]any{"enabled": true}}).Usage.Enabled)
	assert.Zero(t, unmarshal(t, map[string]any{"usage": map[string]any{"enabled": false}}).runtimeSettings().Usage.Interval)
}
