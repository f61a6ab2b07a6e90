package sandboxreceiver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

// Receivers warn from their start to their shutdown.
func TestReceiversOfTheSamePaths(t *testing.T) {
	root, storage := t.TempDir(), t.TempDir()
	start := func(name string) (receiver.Metrics, int) {
		core, logs := observer.New(zapcore.InfoLevel)
		settings := receivertest.NewNopSettings(metadata.Type)
		settings.ID, settings.Logger = component.NewIDWithName(metadata.Type, name), zap.New(core)
		r, err := NewFactory().CreateMetrics(t.Context(), settings, configOf(root, storage), consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		return r, logs.FilterMessageSnippet("Several receivers").Len()
	}
	stop := func(r receiver.Metrics) { require.NoError(t, r.Shutdown(context.Background())) }
	first, warnings := start("first")
	assert.Zero(t, warnings)
	second, warnings := start("second")
	assert.Equal(t, 1, warnings)
	stop(first)
	stop(second)
	again, warnings := start("first")
	assert.Zero(t, warnings, "the others have stopped")
	stop(again)
	stop(again)
	for left := range startedReceivers.started {
		assert.NotEqual(t, []string{root}, left.config.GVisor.Roots)
	}
}
