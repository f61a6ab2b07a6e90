package knownmetrics

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableIsConsistent(t *testing.T) {
	metrics := All()
	require.Greater(t, len(metrics), 170)
	names := map[string]bool{}
	for i := range metrics {
		m := &metrics[i]
		assert.Contains(t, []string{Counter, Gauge, Histogram}, m.Type, m.Path)
		assert.Equal(t, m.Name, strings.ToLower(strings.ReplaceAll(m.Path[1:], "/", "_")))
		assert.NotEmpty(t, m.Help, m.Path)
		// Exporters for Prometheus replace the separators and move this suffix.
		name := strings.TrimSuffix(m.Name, "_total")
		assert.False(t, names[name], "%s occurs twice", name)
		names[name] = true
		for _, field := range m.Fields {
			assert.NotContains(t, []string{"job", "instance", "le", "quantile"}, field, m.Path)
			assert.NotRegexp(t, "^(k8s|sandbox|container|exported|otel)_|^__", field, m.Path)
		}
	}
	assert.True(t, slices.IsSortedFunc(metrics, func(a, b Metric) int { return strings.Compare(a.Path, b.Path) }))
}

func TestFormatIsParsed(t *testing.T) {
	for _, m := range []Metric{
		{Path: "/a/b", Name: "a_b", Type: Counter, Nanoseconds: true, Help: "Help."},
		{Path: "/c", Name: "c", Type: Gauge, Fields: []string{"x", "y"}, Help: "More, help."},
	} {
		parsed, err := Parse("# comment\n" + Format(&m) + "\n")
		require.NoError(t, err)
		assert.Equal(t, []Metric{m}, parsed)
	}
	_, err := Parse("/a\tb\n")
	require.ErrorContains(t, err, "2 columns, want 6")
}
