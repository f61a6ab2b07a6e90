package sandboxreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// NewFactory returns the factory of the receiver "sandbox".
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(createMetrics, metadata.MetricsStability),
		receiver.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createDefaultConfig() component.Config {
	config := &Config{
		MetricsBuilderConfig: metadata.NewDefaultMetricsBuilderConfig(),
		Events:               metadata.DefaultEventsConfig(),
		CollectionInterval:   15 * time.Second,
		InitialDelay:         time.Second,
		Timeout:              5 * time.Second,
		Naming:               sandbox.OTel,
		Usage:                UsageConfig{Enabled: true, Interval: 30 * time.Second, CgroupRoot: "/sys/fs/cgroup"},
	}
	config.setPreset(sandbox.Default)
	return config
}

func createMetrics(
	_ context.Context, settings receiver.Settings, config component.Config, next consumer.Metrics,
) (receiver.Metrics, error) {
	return shared.get(settings, config.(*Config), metricsSignal, func(r *sandboxReceiver) bool {
		if r.metrics != nil {
			return false
		}
		r.metrics = next
		return true
	}), nil
}

func createLogs(
	_ context.Context, settings receiver.Settings, config component.Config, next consumer.Logs,
) (receiver.Logs, error) {
	return shared.get(settings, config.(*Config), logsSignal, func(r *sandboxReceiver) bool {
		if r.logs != nil {
			return false
		}
		r.logs = next
		return true
	}), nil
}
