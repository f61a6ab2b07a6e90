package runtimes

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func defaultConfig() *Config {
	var config Config
	config.SetDefaults()
	return &config
}

func TestDefaultConfigIsValid(t *testing.T) {
	config := defaultConfig()
	require.NoError(t, confmap.Validate(config))
	require.NoError(t, config.CheckEnabled())
}

// TestRegistryKeysAreConfigurationKeys checks the keys in errors against those of the
// configuration.
func TestRegistryKeysAreConfigurationKeys(t *testing.T) {
	config := defaultConfig()
	tree := confmap.New()
	require.NoError(t, tree.Marshal(config))
	var keys []string
	for _, e := range config.registry() {
		keys = append(keys, e.key)
	}
	want := make([]string, 0, len(keys))
	for key := range tree.ToStringMap() {
		want = append(want, key)
	}
	assert.ElementsMatch(t, want, keys)
}

func TestCheckEnabled(t *testing.T) {
	none := &Config{}
	err := none.CheckEnabled()
	require.ErrorContains(t, err, "no runtime is enabled: set at least one of ")
	for _, e := range none.registry() {
		require.ErrorContains(t, err, e.key+"::enabled")
	}
	for _, enable := range []func(*Config){
		func(c *Config) { c.GVisor.Enabled = true },
		func(c *Config) { c.Kata.Enabled = true },
		func(c *Config) { c.GVisor.Enabled, c.Kata.Enabled = true, true },
	} {
		config := &Config{}
		enable(config)
		assert.NoError(t, config.CheckEnabled())
	}
}

// names returns the names of the runtimes that a configuration creates.
func names(t *testing.T, config *Config) []string {
	t.Helper()
	runtimes, err := config.New(sandbox.OTel, zap.NewNop())
	require.NoError(t, err)
	var names []string
	for _, runtime := range runtimes {
		names = append(names, runtime.Name())
	}
	return names
}

func TestNewCreatesOnlyEnabledRuntimes(t *testing.T) {
	config := &Config{}
	assert.Empty(t, names(t, config))
	config.GVisor.SetDefaults()
	assert.Equal(t, []string{sandbox.RuntimeGVisor}, names(t, config))
	config.Kata.SetDefaults()
	assert.Equal(t, []string{sandbox.RuntimeGVisor, sandbox.RuntimeKata}, names(t, config))
	config.GVisor.Enabled = false
	assert.Equal(t, []string{sandbox.RuntimeKata}, names(t, config))
}

func TestNewErrorsNameKeys(t *testing.T) {
	config := defaultConfig()
	config.GVisor.MetricFilter = "("
	_, err := config.New(sandbox.OTel, zap.NewNop())
	require.ErrorContains(t, err, "gvisor: ")
	require.NotContains(t, err.Error(), "kata: ")

	config.GVisor.Enabled = false
	_, err = config.New(sandbox.OTel, zap.NewNop())
	require.NoError(t, err, "a disabled runtime must not cause an error")
}

func TestValidationErrorsNameKeys(t *testing.T) {
	config := defaultConfig()
	config.Kata.StoragePaths = nil
	require.ErrorContains(t, confmap.Validate(config), "kata: storage_paths: ")
	config.Kata.Enabled = false
	require.NoError(t, confmap.Validate(config), "a disabled runtime must not be checked")
}
