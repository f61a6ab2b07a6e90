package prometheusscrapeexporter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

const (
	defaultEndpoint   = "127.0.0.1:9464"
	defaultExpiration = 5 * time.Minute
	defaultMaxSeries  = 500_000
)

// Config is the configuration of the exporter. Its keys are those of the Prometheus
// exporter wherever they mean the same.
type Config struct {
	// ServerConfig configures the HTTP server, including TLS and authentication.
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`
	// QueueBatchConfig configures the sending queue. By default, there is none.
	QueueBatchConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Namespace is prepended to the names of metrics.
	Namespace string `mapstructure:"namespace"`
	// ConstLabels are labels of all series. They take precedence over all other labels.
	ConstLabels map[string]string `mapstructure:"const_labels"`
	// SendTimestamps adds the time of the point to each line.
	SendTimestamps bool `mapstructure:"send_timestamps"`
	// MetricExpiration is how long a series without new points is served.
	MetricExpiration time.Duration `mapstructure:"metric_expiration"`
	// ResourceToTelemetryConversion turns resource attributes into labels.
	ResourceToTelemetryConversion ResourceToTelemetryConfig `mapstructure:"resource_to_telemetry_conversion"`
	// EnableOpenMetrics allows clients to ask for OpenMetrics.
	EnableOpenMetrics bool `mapstructure:"enable_open_metrics"`
	// EnableCreatedLines adds _created lines to pages in OpenMetrics.
	EnableCreatedLines bool `mapstructure:"enable_created_lines"`
	// WithoutScopeInfo omits the labels for the instrumentation scope.
	WithoutScopeInfo bool `mapstructure:"without_scope_info"`
	// TranslationStrategy is how names are translated.
	TranslationStrategy string `mapstructure:"translation_strategy"`
	// MaxSeries limits the number of series.
	MaxSeries int `mapstructure:"max_series"`
	// AddMetricSuffixes is not supported: it only exists to be refused.
	AddMetricSuffixes *bool `mapstructure:"add_metric_suffixes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ResourceToTelemetryConfig selects the resource attributes that become labels.
type ResourceToTelemetryConfig struct {
	// Enabled turns all resource attributes into labels.
	Enabled bool `mapstructure:"enabled"`
	// ExcludeServiceAttributes excludes the attributes that are the labels job and
	// instance already.
	ExcludeServiceAttributes bool `mapstructure:"exclude_service_attributes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	return &Config{
		ServerConfig:     server,
		QueueBatchConfig: configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
		MetricExpiration: defaultExpiration,
		MaxSeries:        defaultMaxSeries,
	}
}

// Validate returns all errors of the configuration, each with its key.
func (c *Config) Validate() error {
	var errs []error
	if strings.TrimSpace(c.ServerConfig.NetAddr.Endpoint) == "" {
		errs = append(errs, errors.New("endpoint is empty: must be an address such as "+defaultEndpoint))
	}
	if c.TranslationStrategy != "" && !slices.Contains(names.Strategies, c.TranslationStrategy) {
		errs = append(errs, fmt.Errorf("invalid translation_strategy %q: must be one of %s",
			c.TranslationStrategy, strings.Join(names.Strategies, ", ")))
	}
	if c.AddMetricSuffixes != nil {
		errs = append(errs, errors.New("add_metric_suffixes is not supported: use translation_strategy, for example "+
			"UnderscoreEscapingWithoutSuffixes instead of add_metric_suffixes: false"))
	}
	if c.MetricExpiration <= 0 {
		errs = append(errs, fmt.Errorf("invalid metric_expiration %s: must be positive", c.MetricExpiration))
	}
	if c.MaxSeries <= 0 {
		errs = append(errs, fmt.Errorf("invalid max_series %d: must be positive", c.MaxSeries))
	}
	if c.EnableCreatedLines && !c.EnableOpenMetrics {
		errs = append(errs, errors.New("enable_created_lines requires enable_open_metrics: true"))
	}
	if !utf8.ValidString(c.Namespace) {
		errs = append(errs, fmt.Errorf("invalid namespace %q: must be UTF-8", c.Namespace))
	}
	return errors.Join(append(errs, c.validateLabels()...)...)
}

func (c *Config) validateLabels() []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.ConstLabels)) {
		if err := names.CheckLabel(name, names.UTF8Allowed(c.TranslationStrategy)); err != nil {
			errs = append(errs, fmt.Errorf("const_labels: %w: use letters, digits and underscores", err))
		}
		if name == "le" || name == "quantile" {
			errs = append(errs, fmt.Errorf("const_labels: invalid label name %q: histograms and summaries use it", name))
		}
		if !utf8.ValidString(c.ConstLabels[name]) {
			errs = append(errs, fmt.Errorf("const_labels: invalid value %q of %s: must be UTF-8", c.ConstLabels[name], name))
		}
	}
	return errs
}
