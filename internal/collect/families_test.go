package collect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
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
	all := newReceiverFamilies(metadata.DefaultMetricsConfig())
	families := []*sandbox.Family{all.skipped, all.responsive, all.duration, all.age, all.failures}
	for _, family := range families {
		descriptor := family.OTel
		want, found := file.Metrics[descriptor.Name]
		require.True(t, found, descriptor.Name)
		assert.Equal(t, want.Description, descriptor.Description)
		assert.Equal(t, want.Unit, descriptor.Unit)
		assert.ElementsMatch(t, want.Attributes, descriptor.LabelKeys)
		kind := sandbox.Gauge
		if want.Sum != nil {
			kind = sandbox.UpDownCounter
			if want.Sum.Monotonic {
				kind = sandbox.Counter
			}
		}
		assert.Equal(t, kind, descriptor.Kind, descriptor.Name)
		assert.Empty(t, family.Prometheus.Name)
	}
	without := all.skipped.OTel
	without.LabelKeys = []string{"sandbox.state"}
	assert.Equal(t, without, all.state.OTel, "the state without a skip reason is the same metric")
}

func TestReceiverMetricsCanBeDisabled(t *testing.T) {
	all := newReceiverFamilies(metadata.MetricsConfig{})
	var r sandbox.Reading
	failed := &health{outcome: sandbox.OK, failed: map[sandbox.Outcome]int64{sandbox.Timeout: 1}}
	all.append(&r, sandbox.Status{State: sandbox.Running}, failed)
	assert.Empty(t, r.Points)
}
