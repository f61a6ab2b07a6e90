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
	require.Eventually(t, func() bool { return len(sink.AllMetrics()) > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, r.Shutdown(context.Background()))

	resource := sink.AllMetrics()[0].ResourceMetrics().At(0)
	for key, want := range map[string]string{"sandbox.runtime.name": "toy", "sandbox.id": "box"} {
		value, _ := resource.Resource().Attributes().Get(key)
		assert.Equal(t, want, value.Str(), key)
	}
	scope := resource.ScopeMetrics().At(0)
	assert.Equal(t, metadata.ScopeName+"/toy", scope.Scope().Name())
	metric := scope.Metrics().At(0)
	assert.Equal(t, "toy.blocks", metric.Name())
	assert.EqualValues(t, 42, metric.Sum().DataPoints().At(0).IntValue())
}
