package sandboxreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
)

// NewFactory makes the factory of the receiver "sandbox".
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithMetrics(createMetrics, metadata.MetricsStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		MetricsBuilderConfig: metadata.NewDefaultMetricsBuilderConfig(),
		CollectionInterval:   15 * time.Second,
		InitialDelay:         time.Second,
		Timeout:              5 * time.Second,
		Naming:               pdataconv.OTel,
		GVisor: GVisorConfig{
			Enabled:         true,
			Roots:           gvisor.DefaultRoots(),
			Trust:           trustFirstUse,
			VerifyPeer:      true,
			MetricPrefix:    "runsc_",
			MaxResponseSize: 4 << 20,
		},
		Kata: KataConfig{
			Enabled:         true,
			StoragePaths:    []string{"/run/vc/sbs", "/run/kata"},
			Collection:      "auto",
			Families:        "default",
			UnknownFamilies: "drop",
			MaxResponseSize: 8 << 20,
		},
	}
}

func createMetrics(_ context.Context, settings receiver.Settings, config component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	return newReceiver(settings, config.(*Config), next), nil
}
