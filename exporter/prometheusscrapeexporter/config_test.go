package prometheusscrapeexporter

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func load(t *testing.T, values map[string]any) (*Config, error) {
	t.Helper()
	config, ok := createDefaultConfig().(*Config)
	require.True(t, ok)
	if err := confmap.NewFromStringMap(values).Unmarshal(config); err != nil {
		return nil, err
	}
	return config, confmap.Validate(config)
}

func TestDefaultConfigIsValid(t *testing.T) {
	config, err := load(t, nil)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:9464", config.ServerConfig.NetAddr.Endpoint)
	assert.Equal(t, 5*time.Minute, config.MetricExpiration)
}

// A configuration of the Prometheus exporter is valid here, with the same meaning.
func TestConfigOfPrometheusExporterIsAccepted(t *testing.T) {
	config, err := load(t, map[string]any{
		"endpoint": "127.0.0.1:1234", "namespace": "acme", "const_labels": map[string]any{"cluster": "c1"},
		"send_timestamps": true, "metric_expiration": "3m", "enable_open_metrics": true, "without_scope_info": true,
		"translation_strategy":             "NoTranslation",
		"resource_to_telemetry_conversion": map[string]any{"enabled": true, "exclude_service_attributes": true},
		"tls":                              map[string]any{"cert_file": "cert.pem", "key_file": "key.pem"},
		"sending_queue":                    map[string]any{"queue_size": 10},
		"read_header_timeout":              "5s",
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"cluster": "c1"}, config.ConstLabels)
	assert.True(t, config.ResourceToTelemetryConversion.Enabled)
	assert.True(t, config.QueueBatchConfig.HasValue())
	assert.True(t, config.ServerConfig.TLS.HasValue())
}

func TestInvalidConfigIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		values map[string]any
		want   string
	}{
		"endpoint":      {map[string]any{"endpoint": " "}, "endpoint is empty"},
		"strategy":      {map[string]any{"translation_strategy": "x"}, `invalid translation_strategy "x": must be one of`},
		"suffixes":      {map[string]any{"add_metric_suffixes": false}, "add_metric_suffixes is not supported: use translation_strategy"},
		"expiration":    {map[string]any{"metric_expiration": 0}, "invalid metric_expiration 0s: must be positive"},
		"series":        {map[string]any{"max_series": 0}, "invalid max_series 0: must be positive"},
		"created lines": {map[string]any{"enable_created_lines": true}, "enable_created_lines requires enable_open_metrics: true"},
		"namespace":     {map[string]any{"namespace": "\xff"}, "invalid namespace"},
		"label":         {map[string]any{"const_labels": map[string]any{"a.b": "c"}}, `const_labels: invalid label name "a.b"`},
		"reserved":      {map[string]any{"const_labels": map[string]any{"__a": "c"}}, "reserved"},
		"le":            {map[string]any{"const_labels": map[string]any{"le": "1"}}, "histograms and summaries use it"},
		"label value":   {map[string]any{"const_labels": map[string]any{"a": "\xff"}}, "invalid value"},
		"unknown key":   {map[string]any{"unknown": "x"}, "has invalid keys: unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, test.values)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestAllErrorsAreReported(t *testing.T) {
	_, err := load(t, map[string]any{"max_series": -1, "metric_expiration": -1, "add_metric_suffixes": true})
	require.Error(t, err)
	for _, key := range []string{"max_series", "metric_expiration", "add_metric_suffixes"} {
		assert.Contains(t, err.Error(), key)
	}
}

// The table of options in the README has every key, with its default.
func TestReadmeListsOptions(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_:]+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(readme), -1) {
		documented[row[1]] = strings.Trim(row[2], "` ")
	}
	assert.Equal(t, map[string]string{
		"endpoint":          defaultEndpoint,
		"namespace":         "",
		"const_labels":      "",
		"send_timestamps":   "false",
		"metric_expiration": "5m",
		"resource_to_telemetry_conversion::enabled":                    "false",
		"resource_to_telemetry_conversion::exclude_service_attributes": "false",
		"enable_open_metrics":                                          "false",
		"enable_created_lines":                                         "false",
		"without_scope_info":                                           "false",
		"translation_strategy":                                         "UnderscoreEscapingWithSuffixes",
		"max_series":                                                   "500000",
		"sending_queue":                                                "",
	}, documented)

	config := confmap.New()
	require.NoError(t, config.Marshal(createDefaultConfig()))
	for key := range documented {
		assert.True(t, config.IsSet(key) || key == "sending_queue" || key == "const_labels", key)
	}
}
