package registration

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/knownmetrics"
)

func TestCoreCountersAreKnownAndHaveNoFields(t *testing.T) {
	assert.LessOrEqual(t, len(CoreCounters), 12)
	known := map[string]knownmetrics.Metric{}
	for _, m := range knownmetrics.All() {
		known[m.Path] = m
	}
	for path, reason := range CoreCounters {
		assert.NotEmpty(t, reason, path)
		require.Contains(t, known, path)
		assert.Equal(t, knownmetrics.Counter, known[path].Type, path)
		assert.Empty(t, known[path].Fields, path)
	}
}

func TestZeroFillSelectsCounters(t *testing.T) {
	r, err := Parse([]byte(registered(
		opens(nil),
		opens(keys{"name": "/fs/reads", "prometheus_name": "fs_reads"}),
		opens(keys{"name": "/fs/other", "prometheus_name": "fs_other"}),
		opens(keys{"name": "/z", "prometheus_name": "z", "fields": []keys{field("a", "x", "y")}}),
	)), "", Limits{})
	require.NoError(t, err)
	for zeroFill, want := range map[ZeroFill]int{"": 0, ZeroFillNone: 0, ZeroFillCore: 2, ZeroFillAll: 5} {
		selection := r.Select(nil, zeroFill)
		assert.Len(t, selection.Counters, want, zeroFill)
		assert.Same(t, selection, r.Select(nil, zeroFill), zeroFill)
	}
	opens := r.Find([]byte("fs_opens")).First
	assert.Equal(t, []uint32{opens}, r.Select(regexp.MustCompile(`^(?:fs_opens)$`), ZeroFillCore).Counters)
	assert.Empty(t, r.Select(regexp.MustCompile(`^(?:z)$`), ZeroFillCore).Counters)
}

// TestCoreIsFilledOnlyAsKnown checks that a metric with the path of a core counter
// is filled only if it is that counter.
func TestCoreIsFilledOnlyAsKnown(t *testing.T) {
	for name, test := range map[string]struct {
		change keys
		want   int
	}{
		"counter":     {nil, 1},
		"gauge":       {keys{"cumulative": false}, 0},
		"with fields": {keys{"fields": []keys{field("a", "x")}}, 0},
		"nanoseconds": {keys{"units": 1}, 0},
	} {
		raw := []byte(registered(opens(test.change)))
		for _, keep := range []bool{false, true} {
			r, err := ParseFirstUse(raw, NewKnown("", keep), Limits{})
			require.NoError(t, err, name)
			assert.Len(t, r.Select(nil, ZeroFillCore).Counters, test.want, "%s, keep %v", name, keep)
		}
	}
	vouched, err := Parse([]byte(registered(opens(keys{"fields": []keys{field("a", "x")}}))), "", Limits{})
	require.NoError(t, err)
	assert.Empty(t, vouched.Select(nil, ZeroFillCore).Counters, "a core counter has no fields, even if a state file registers some")
	r, err := ParseFirstUse([]byte(registered(opens(keys{"name": "/fs/made_up", "prometheus_name": "fs_made_up"}))),
		NewKnown("", true), Limits{})
	require.NoError(t, err)
	assert.Empty(t, r.Select(nil, ZeroFillCore).Counters, "counters that the sandbox does not register are not filled")
}
