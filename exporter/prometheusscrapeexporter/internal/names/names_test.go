package names

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetric(t *testing.T) {
	for _, test := range []struct {
		strategy, namespace, name, unit string
		kind                            Type
		want                            string
	}{
		{"", "", "memory.usage", "By", Gauge, "memory_usage_bytes"},
		{"", "acme", "requests", "", MonotonicSum, "acme_requests_total"},
		{"", "", "requests", "", NonMonotonicSum, "requests"},
		{"", "", "load", "1", Gauge, "load_ratio"},
		{"", "", "1st", "", Gauge, "_1st"},
		{"UnderscoreEscapingWithoutSuffixes", "", "memory.usage", "By", Gauge, "memory_usage"},
		{"NoUTF8EscapingWithSuffixes", "", "memory.usage", "By", Gauge, "memory.usage_bytes"},
		{"NoTranslation", "", "memory.usage", "By", Gauge, "memory.usage"},
		{"", "", "", "", Gauge, ""},
		{"", "", "...", "", Gauge, ""},
		{"NoTranslation", "", "\xff", "", Gauge, ""},
	} {
		got, err := NewTranslator(test.strategy, test.namespace).Metric(test.name, test.unit, test.kind)
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.want == "", err != nil, test.name)
	}
}

func TestLabel(t *testing.T) {
	for _, test := range []struct{ strategy, key, want string }{
		{"", "a.b", "a_b"},
		{"", "1st", "key_1st"},
		{"", "_a", "_a"},
		{"", "a:b", "a_b"},
		{"NoTranslation", "a.b", "a.b"},
		{"", "", ""},
		{"", "__a", ""},
		{"", "..a", ""},
		{"", "___", ""},
		{"", "\xff", ""},
		{"NoTranslation", "\xff", ""},
		{"NoTranslation", "__name__", ""},
	} {
		translator := NewTranslator(test.strategy, "")
		for range 2 { // The second result is cached.
			got, err := translator.Label(test.key)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.want == "", err != nil, test.key)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	translator := NewTranslator("", "")
	for i := range 3 * maxCachedLabels {
		_, err := translator.Label(fmt.Sprint("a.", i))
		require.NoError(t, err)
		assert.LessOrEqual(t, len(translator.cache), maxCachedLabels)
	}
}

func TestTargetInfo(t *testing.T) {
	for namespace, want := range map[string]string{
		"": "target_info", "acme": "acme_target_info", "a.b": "a_b_target_info", "...": "target_info",
	} {
		assert.Equal(t, want, NewTranslator("", namespace).TargetInfo())
	}
}

func TestUTF8Allowed(t *testing.T) {
	for _, strategy := range append(Strategies, "") {
		assert.Equal(t, strategy == "NoUTF8EscapingWithSuffixes" || strategy == "NoTranslation", UTF8Allowed(strategy))
	}
}
