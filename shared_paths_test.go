package sandboxreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// configOf returns the configuration of a receiver for one root and one storage path.
func configOf(root, storage string, changes ...func(*Config)) *Config {
	config := createDefaultConfig().(*Config)
	config.GVisor.Roots, config.Kata.StoragePaths = []string{root}, []string{storage}
	for _, change := range changes {
		change(config)
	}
	return config
}

// sharedPathsTests are pairs of receivers, and the paths that they share.
var sharedPathsTests = map[string]struct {
	one, other *Config
	want       []string
}{
	"equal": {
		configOf("/run/runsc", "/run/kata"), configOf("/run/runsc", "/run/kata"),
		[]string{"gvisor::roots: /run/runsc", "kata::storage_paths: /run/kata"},
	},
	"different":                     {configOf("/run/runsc", "/run/kata"), configOf("/run/other", "/run/vc/sbs"), nil},
	"path of another runtime":       {configOf("/run/runsc", "/run/kata"), configOf("/run/kata", "/run/runsc"), nil},
	"parent":                        {configOf("/run/runsc", "/a"), configOf("/run/runsc/k8s.io", "/b"), nil},
	"redundant elements":            {configOf("/run/runsc", "/a"), configOf("/run//runsc/", "/b"), []string{"gvisor::roots: /run/runsc"}},
	"pattern matches path":          {configOf("/run/*", "/a"), configOf("/run/runsc", "/b"), []string{"gvisor::roots: /run/*"}},
	"path matches pattern":          {configOf("/run/runsc", "/a"), configOf("/run/r*", "/b"), []string{"gvisor::roots: /run/runsc"}},
	"pattern matches other path":    {configOf("/run/r*", "/a"), configOf("/run/docker", "/b"), nil},
	"patterns in different places":  {configOf("/run/*/x", "/a"), configOf("/run/y/*", "/b"), []string{"gvisor::roots: /run/*/x"}},
	"patterns of different lengths": {configOf("/run/*", "/a"), configOf("/run/*/*", "/b"), nil},
	"disabled runtime": {
		configOf("/run/runsc", "/run/kata"), configOf("/run/runsc", "/run/kata", func(c *Config) { c.GVisor.Enabled = false }),
		[]string{"kata::storage_paths: /run/kata"},
	},
	"all runtimes disabled but one each": {
		configOf("/run/runsc", "/run/kata", func(c *Config) { c.Kata.Enabled = false }),
		configOf("/run/runsc", "/run/kata", func(c *Config) { c.GVisor.Enabled = false }), nil,
	},
	"other naming": {
		configOf("/run/runsc", "/run/kata"), configOf("/run/runsc", "/run/kata", func(c *Config) { c.Naming = sandbox.Prometheus }), nil,
	},
	"other metric server": {
		configOf("/run/runsc", "/a"), configOf("/run/runsc", "/b", func(c *Config) { c.GVisor.MetricServerAddress = ":9115" }), nil,
	},
	"other namespaces": {configOf("/run/runsc", "/a"), configOf("/run/runsc", "/b", func(c *Config) {
		c.Include.Namespaces = []filter.Config{{Strict: "shop"}}
	}), nil},
	"other annotations": {
		configOf("/run/runsc", "/a", func(c *Config) { c.Exclude = teamCriteria("a") }),
		configOf("/run/runsc", "/b", func(c *Config) { c.Exclude = teamCriteria("b") }), nil,
	},
	"equal annotations": {
		configOf("/run/runsc", "/a", func(c *Config) { c.Exclude = teamCriteria("a") }),
		configOf("/run/runsc", "/b", func(c *Config) { c.Exclude = teamCriteria("a") }),
		[]string{"gvisor::roots: /run/runsc"},
	},
}

func teamCriteria(value string) option.Criteria {
	return option.Criteria{Annotations: map[string][]filter.Config{"team": {{Strict: value}}}}
}

func TestSharedPaths(t *testing.T) {
	for name, test := range sharedPathsTests {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, test.one.Validate())
			require.NoError(t, test.other.Validate())
			assert.Equal(t, test.want, sharedPaths(test.one, test.other))
			assert.Len(t, sharedPaths(test.other, test.one), len(test.want), "the order does not matter")
		})
	}
}

func TestWarnsAboutReceiversWithSharedPaths(t *testing.T) {
	registry := receiverRegistry{started: map[*sandboxReceiver]bool{}}
	add := func(name string, config *Config) (*sandboxReceiver, []observer.LoggedEntry) {
		core, logs := observer.New(zapcore.WarnLevel)
		settings := receivertest.NewNopSettings(metadata.Type)
		settings.ID, settings.Logger = component.NewIDWithName(metadata.Type, name), zap.New(core)
		r := newReceiver(settings, config)
		registry.add(r)
		return r, logs.All()
	}
	root := configOf("/run/runsc", "/a")
	first, logged := add("first", root)
	assert.Empty(t, logged)
	pipeline, logged := add("first", root)
	assert.Empty(t, logged, "another pipeline of the receiver")
	second, logged := add("second", configOf("/run/runsc", "/b"))
	require.Len(t, logged, 1)
	assert.Equal(t, map[string]any{
		"receivers": []any{"sandbox/first"}, "paths": []any{"gvisor::roots: /run/runsc"},
	}, logged[0].ContextMap())
	third, logged := add("third", configOf("/run/*", "/a"))
	require.Len(t, logged, 1)
	assert.Equal(t, map[string]any{
		"receivers": []any{"sandbox/first", "sandbox/second"}, "paths": []any{"gvisor::roots: /run/*", "kata::storage_paths: /a"},
	}, logged[0].ContextMap())

	for _, removed := range []*sandboxReceiver{second, third, first, first} {
		registry.remove(removed)
	}
	other, logged := add("other", configOf("/run/runsc", "/b"))
	require.Len(t, logged, 1, "a pipeline of the first receiver has not stopped")
	registry.remove(pipeline)
	registry.remove(other)
	_, logged = add("last", configOf("/run/runsc", "/b"))
	assert.Empty(t, logged)
}
