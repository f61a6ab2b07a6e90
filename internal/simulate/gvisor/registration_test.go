package gvisor

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// registration is what clients decode from a registration.
type registration struct {
	Metrics []registeredMetric `json:"metrics"`
	Stages  []string           `json:"stages"`
}

type registeredMetric struct {
	Name           string `json:"name"`
	PrometheusName string `json:"prometheus_name"`
	Description    string `json:"description"`
	Cumulative     bool   `json:"cumulative"`
	Units          int    `json:"units"`
	Fields         []struct {
		Name   string   `json:"field_name"`
		Values []string `json:"allowed_values"`
	} `json:"fields"`
}

func decodeRegistration(t *testing.T) registration {
	t.Helper()
	var r registration
	require.NoError(t, json.Unmarshal(theBuild().registration, &r))
	return r
}

func TestRegistrationResemblesThatOfARealBuild(t *testing.T) {
	assert.InDelta(t, 50_000, len(theBuild().registration), 4_000, "bytes")
	r := decodeRegistration(t)
	assert.Len(t, r.Metrics, 178)
	assert.Len(t, r.Stages, 5)
	seen := make(map[string]bool)
	maxCombinations, gauges, nanoseconds := 0, 0, 0
	for i := range r.Metrics {
		m := &r.Metrics[i]
		assert.Regexp(t, `^/[a-z][a-z0-9_/]*$`, m.Name)
		assert.Equal(t, strings.ReplaceAll(m.Name[1:], "/", "_"), m.PrometheusName)
		assert.NotEmpty(t, m.Description)
		assert.False(t, seen[m.Name], "duplicate metric %s", m.Name)
		seen[m.Name] = true
		if !m.Cumulative {
			gauges++
		}
		nanoseconds += m.Units
		combined := 1
		for _, f := range m.Fields {
			combined *= len(f.Values)
			assert.Len(t, f.Values, len(slices.Compact(slices.Sorted(slices.Values(f.Values)))), "%s: duplicate values", m.Name)
		}
		maxCombinations = max(maxCombinations, combined)
		if m.PrometheusName == "netstack_socket_unimplemented_set_socket_option" {
			assert.Equal(t, 606, combined)
		}
	}
	assert.Equal(t, 2002, maxCombinations)
	assert.Equal(t, 2, gauges)
	assert.Equal(t, 4, nanoseconds)
}

func TestMetricNamesMatchTheCapture(t *testing.T) {
	data, err := os.ReadFile("../../../../shared/gvisor/registered-metrics.response.json")
	if os.IsNotExist(err) {
		t.Skip("the captures of real sandboxes are not available")
	}
	require.NoError(t, err)
	var captured struct {
		Result struct{ RegisteredMetrics registration }
	}
	require.NoError(t, json.Unmarshal(data, &captured))
	names := func(r registration) []string {
		var all []string
		for i := range r.Metrics {
			all = append(all, r.Metrics[i].Name)
		}
		slices.Sort(all)
		return all
	}
	assert.Equal(t, names(captured.Result.RegisteredMetrics), names(decodeRegistration(t)))
}

func TestMalformedMetricsPanic(t *testing.T) {
	for _, line := range []string{
		"",
		"/fs/opens\tcounter\t120\t-\t-",
		"/fs/opens\tcounter\tmany\t-\t-\tFiles.",
		"/fs/opens\tcounter\t120\t-\tlevel\tFiles.",
		"/fs/opens\tcounter\t120\t-\tlevel=0..many\tFiles.",
	} {
		assert.Panics(t, func() { parseMetrics(line + "\n") }, line)
	}
}
