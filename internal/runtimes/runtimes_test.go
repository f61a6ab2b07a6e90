package runtimes

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func defaultConfig() *Config {
	var config Config
	config.SetDefaults(sandbox.Default)
	return &config
}

func TestDefaultConfigIsValid(t *testing.T) {
	config := defaultConfig()
	require.NoError(t, config.Check())
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
	err := none.checkEnabled()
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
		assert.NoError(t, config.checkEnabled())
	}
}

func TestCheckReportsFullKeys(t *testing.T) {
	config := defaultConfig()
	config.GVisor.MaxResponseSize, config.Kata.MaxResponseSize = 1, 1
	config.GVisor.Roots = []string{"a", "b"}
	var lines []string
	for line := range strings.Lines(config.Check().Error()) {
		key, _, _ := strings.Cut(line, ": ")
		lines = append(lines, key)
	}
	want := []string{"gvisor::roots::0", "gvisor::roots::1", "gvisor::max_response_size", "kata::max_response_size"}
	assert.Equal(t, want, lines)
	config.GVisor.Enabled, config.Kata.Enabled = false, false
	require.ErrorContains(t, config.Check(), "no runtime is enabled")
	require.NotContains(t, config.Check().Error(), "max_response_size", "a disabled runtime must not be checked")
}

// names returns the names of the runtimes that a configuration creates.
func names(t *testing.T, config *Config) []string {
	t.Helper()
	runtimes, err := config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
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
	config.GVisor.SetDefaults(sandbox.Default)
	assert.Equal(t, []string{sandbox.RuntimeGVisor}, names(t, config))
	config.Kata.SetDefaults(sandbox.Default)
	assert.Equal(t, []string{sandbox.RuntimeGVisor, sandbox.RuntimeKata}, names(t, config))
	config.GVisor.Enabled = false
	assert.Equal(t, []string{sandbox.RuntimeKata}, names(t, config))
}

func TestNewErrorsNameKeys(t *testing.T) {
	config := defaultConfig()
	config.GVisor.MetricFilter = "("
	_, err := config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	require.ErrorContains(t, err, "gvisor: ")
	require.NotContains(t, err.Error(), "kata: ")

	config.GVisor.Enabled = false
	_, err = config.New(sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	require.NoError(t, err, "a disabled runtime must not cause an error")
}
