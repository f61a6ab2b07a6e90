package sandboxreceiver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/filter"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestValidConfigurations(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	var file map[string]map[string]any
	require.NoError(t, yaml.Unmarshal(text, &file))
	tests := map[string]func(*Config){
		"sandbox":      func(*Config) {},
		"sandbox/null": func(*Config) {},
		"sandbox/off": func(c *Config) {
			c.GVisor.Enabled = false
			c.GVisor.Roots = []string{"relative"}
			c.GVisor.Trust = "nobody"
		},
		"sandbox/all": func(c *Config) {
			c.CollectionInterval, c.InitialDelay, c.Timeout = 30*time.Second, 0, 2*time.Second
			c.Naming = sandbox.Prometheus
			c.Annotations.Allow = []string{"example.com/team", "Stage"}
			c.Include.Namespaces = []filter.Config{{Strict: "shop"}, {Regex: "^team-"}}
			c.Include.Annotations = map[string][]filter.Config{"example.com/Team": {{Strict: "search"}}}
			c.Exclude.Namespaces = []filter.Config{{Strict: "shop-test"}}
			c.Exclude.Annotations = map[string][]filter.Config{"a.b/c": {{Regex: "x"}}}
			c.GVisor = gvisor.Config{
				Enabled: true, Roots: []string{"/run/runsc", "/run/containerd/runsc/*"},
				MetricServerAddress: "%RUNTIME_ROOT%/metrics.sock", Trust: "registered", UnknownMetrics: "keep",
				DockerContainersPath: "/var/lib/docker/containers",
				MetricFilter:         "fs_.*", CapabilityFilter: "CAP_SYS_.*", ZeroFill: "all", MaxResponseSize: 512 << 10,
			}
			c.Kata = kata.Config{
				StoragePaths: []string{"/run/vc/sbs"}, Collection: "passive", FilterFamily: []string{"kata_shim_"},
				TrustedHypervisors: []guard.TrustedHypervisor{"cloud-hypervisor"},
				Families:           "all", UnknownFamilies: "gauge", CRIEndpoint: "unix:///run/containerd/containerd.sock",
				MaxResponseSize: 1 << 20,
			}
			c.Usage.Enabled = false
			c.Metrics.SandboxState.Enabled = false
			c.ResourceAttributes.SandboxRuntimeVersion.Enabled = false
		},
	}
	assert.Len(t, file, len(tests))
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, file, name)
			got := createDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(file[name]).Unmarshal(got))
			require.NoError(t, confmap.Validate(got))
			want := createDefaultConfig().(*Config)
			change(want)
			// Unexported fields record whether a key was set. They are not compared.
			assert.Equal(t, treeOf(t, want), treeOf(t, got))
		})
	}
}

// treeOf returns a configuration as a tree of keys and values.
func treeOf(t *testing.T, config component.Config) map[string]any {
	t.Helper()
	tree := confmap.New()
	require.NoError(t, tree.Marshal(config))
	return tree.ToStringMap()
}

func TestInvalidConfigurationsReportAllErrors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "bad.yaml"))
	require.NoError(t, err)
	var cases []struct {
		Config map[string]any
		Errors []string
	}
	require.NoError(t, yaml.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	for _, test := range cases {
		t.Run(test.Errors[0], func(t *testing.T) {
			config := createDefaultConfig()
			err := confmap.NewFromStringMap(test.Config).Unmarshal(config)
			if err == nil {
				err = confmap.Validate(config)
			}
			require.Error(t, err)
			for _, want := range test.Errors {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAnnotationKeys(t *testing.T) {
	config := createDefaultConfig().(*Config)
	assert.Empty(t, config.annotationKeys())
	config.Annotations.Allow = []string{"b", "c"}
	config.Include.Annotations = map[string][]filter.Config{"a": {{Strict: "x"}}, "b": {{Strict: "x"}}}
	config.Exclude.Annotations = map[string][]filter.Config{"d": {{Strict: "x"}}}
	assert.Equal(t, []string{"a", "b", "c", "d"}, config.annotationKeys())
	assert.Equal(t, []string{"b", "c"}, config.Annotations.Allow)
}

func TestDefaultConfigIsValidAndEnablesAllMetrics(t *testing.T) {
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.Validate(config))
	assert.Equal(t, metadata.NewDefaultMetricsBuilderConfig(), config.MetricsBuilderConfig)
}
