package sandboxreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

func toyConfig(t *testing.T, blocks int) (*Config, error) {
	t.Helper()
	config := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"initial_delay": "0s",
		"gvisor":        map[string]any{"enabled": false},
		"kata":          map[string]any{"enabled": false},
		"toy":           map[string]any{"enabled": true, "blocks": blocks},
	}).Unmarshal(config))
	return config, confmap.Validate(config)
}

func TestToyRuntime(t *testing.T) {
	_, err := toyConfig(t, -1)
	require.ErrorContains(t, err, "toy::blocks: -1 is negative")
	config, err := toyConfig(t, 42)
	require.NoError(t, err)
	sink := new(consumertest.MetricsSink)
	r, err := NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), config, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	var resource pmetric.ResourceMetrics
	require.Eventually(t, func() (found bool) {
		resource, found = resourceOf(sink, "box")
		return found
	}, time.Minute, time.Millisecond)
	require.NoError(t, r.Shutdown(context.Background()))

	runtime, _ := resource.Resource().Attributes().Get("sandbox.runtime.name")
	assert.Equal(t, "toy", runtime.Str())
	scope := resource.ScopeMetrics().At(0)
	assert.Equal(t, metadata.ScopeName+"/toy", scope.Scope().Name())
	metric := scope.Metrics().At(0)
	assert.Equal(t, "toy.blocks", metric.Name())
	assert.EqualValues(t, 42, metric.Sum().DataPoints().At(0).IntValue())
}

// resourceOf returns the metrics of a sandbox, as soon as there are any.
func resourceOf(sink *consumertest.MetricsSink, id string) (resource pmetric.ResourceMetrics, found bool) {
	for _, metrics := range sink.AllMetrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			if value, _ := resource.Resource().Attributes().Get("sandbox.id"); value.Str() == id {
				return resource, true
			}
		}
	}
	return resource, false
}
