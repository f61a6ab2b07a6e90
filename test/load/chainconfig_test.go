package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// encoded returns the configuration of a chain as the Collector reads it.
func encoded(t *testing.T, name string, interval time.Duration, naming string) (receiver, exporter object) {
	t.Helper()
	config := chainConfig{
		chain: chainNamed(t, name), runtimeRoot: "/root", interval: interval, naming: naming,
		sink: "127.0.0.1:1", page: "127.0.0.1:2", telemetryPort: 3,
	}
	text, err := config.encode()
	require.NoError(t, err)
	var decoded struct {
		Receivers, Exporters map[string]object
		Service              struct {
			Pipelines map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal(text, &decoded))
	used := decoded.Service.Pipelines["metrics"]["exporters"]
	require.Len(t, used, 1)
	require.Contains(t, decoded.Exporters, used[0])
	return decoded.Receivers["sandbox"], decoded.Exporters[used[0]]
}

func chainNamed(t *testing.T, name string) *chain {
	t.Helper()
	for _, c := range newChains() {
		if c.name == name {
			return c
		}
	}
	require.Fail(t, "unknown chain", name)
	return nil
}

func TestChainsReportOnlyWhatSandboxesSendUnlessDefaults(t *testing.T) {
	receiver, _ := encoded(t, nopChain, 10*time.Second, "otel")
	assert.Equal(t, object{"roots": []any{"/root"}, "zero_fill": "none"}, receiver["gvisor"])
	assert.Equal(t, object{"enabled": false}, receiver["usage"])
	assert.NotContains(t, receiver, "timeout")
	receiver, _ = encoded(t, defaultsChain, 10*time.Second, "otel")
	assert.Equal(t, object{"roots": []any{"/root"}}, receiver["gvisor"])
	assert.NotContains(t, receiver, "usage")
	receiver, _ = encoded(t, nopChain, time.Second, "otel")
	assert.Equal(t, "500ms", receiver["timeout"], "the default exceeds the interval")
}

func TestChainsHaveAddressesAndLabels(t *testing.T) {
	_, exporter := encoded(t, "otlp_grpc", time.Second, "otel")
	assert.Equal(t, "127.0.0.1:1", exporter["endpoint"])
	for name, endpoint := range map[string]string{
		stockChain: "127.0.0.1:2", pageChain: "127.0.0.1:2", defaultsChain: "127.0.0.1:2",
		"prometheus_remote_write": "http://127.0.0.1:1/api/v1/write",
	} {
		_, exporter := encoded(t, name, time.Second, "otel")
		assert.Equal(t, endpoint, exporter["endpoint"], name)
		assert.Equal(t, object{"enabled": true}, exporter["resource_to_telemetry_conversion"], name)
		_, exporter = encoded(t, name, time.Second, "prometheus")
		assert.Equal(t, object{"enabled": false}, exporter["resource_to_telemetry_conversion"], "points have the labels already")
	}
}

func TestDefaultsFallBackToStockExporter(t *testing.T) {
	c := chainNamed(t, defaultsChain)
	assert.Equal(t, pageChain, c.choose([]string{stockChain, pageChain}).exporter)
	chosen := c.choose([]string{stockChain})
	assert.Equal(t, stockChain, chosen.exporter)
	assert.True(t, chosen.defaults)
	assert.Equal(t, "all defaults → prometheus", chosen.title())
	page := chainNamed(t, pageChain)
	assert.Same(t, page, page.choose([]string{stockChain}), "only the defaults fall back")
}
