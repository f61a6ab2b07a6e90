package usage

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestFamiliesMatchMetadata compares the families with the file that the
// documentation is generated from.
func TestFamiliesMatchMetadata(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "metadata.yaml"))
	require.NoError(t, err)
	var file struct {
		Metrics map[string]struct {
			Description string
			Unit        string
			Attributes  []string
			Sum         *struct{ Monotonic bool }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	all := NewFamilies(func(string) bool { return true })
	for i := range definitions {
		family := *definitions[i].field(all)
		want, found := file.Metrics[family.OTel.Name]
		require.True(t, found, family.OTel.Name)
		assert.Equal(t, want.Description, family.OTel.Description)
		assert.Equal(t, want.Unit, family.OTel.Unit)
		assert.Equal(t, want.Attributes, family.OTel.LabelKeys, family.OTel.Name)
		kind := sandbox.Gauge
		if want.Sum != nil {
			kind = sandbox.UpDownCounter
			if want.Sum.Monotonic {
				kind = sandbox.Counter
			}
		}
		assert.Equal(t, kind, family.OTel.Kind, family.OTel.Name)
	}
	assert.True(t, slices.IsSortedFunc(definitions[:], func(a, b definition) int { return strings.Compare(a.name, b.name) }))
}

func TestPrometheusNames(t *testing.T) {
	all := NewFamilies(func(string) bool { return true })
	for i := range definitions {
		family := *definitions[i].field(all)
		name := family.Prometheus.Name
		assert.Equal(t, family.OTel.Kind == sandbox.Counter, strings.HasSuffix(name, "_total"), name)
		assert.Equal(t, family.OTel.Unit == "By", strings.Contains(name, "_bytes"), name)
		assert.Equal(t, family.OTel.Unit == "s", strings.Contains(name, "_seconds"), name)
		assert.Empty(t, family.Prometheus.Unit)
		assert.Len(t, family.Prometheus.LabelKeys, len(family.OTel.LabelKeys))
	}
	assert.Equal(t, []string{"network_interface_name", "network_io_direction"}, all.networkIO.Prometheus.LabelKeys)
}

func TestDisabledFamilies(t *testing.T) {
	some := NewFamilies(func(name string) bool { return name == "sandbox.memory.usage" })
	assert.NotNil(t, some.memory)
	for i := range definitions {
		family := *definitions[i].field(some)
		assert.Equal(t, definitions[i].name == "sandbox.memory.usage", family != nil, definitions[i].name)
	}
}
