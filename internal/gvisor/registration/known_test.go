package registration

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/knownmetrics"
)

// opens is the metric /fs/opens with changes.
func opens(changes keys) keys {
	m := metric(keys{"name": "/fs/opens", "prometheus_name": "fs_opens", "description": "Lie."})
	maps.Copy(m, changes)
	return m
}

// releaseOf returns the registration of a release that has these metrics.
func releaseOf(metrics []knownmetrics.Metric) string {
	var all []keys
	for _, row := range metrics {
		m := keys{
			"name": row.Path, "prometheus_name": row.Name, "description": row.Help,
			"cumulative": row.Type == knownmetrics.Counter, "units": unitOf(&row),
		}
		fields := []keys{}
		for _, name := range row.Fields {
			fields = append(fields, field(name, "known", "added"))
		}
		m["fields"] = fields
		all = append(all, metric(m))
	}
	return registered(all...)
}

func parseFirstUse(t *testing.T, known *Known, raw string) *Registration {
	t.Helper()
	r, err := ParseFirstUse([]byte(raw), known, Limits{})
	require.NoError(t, err)
	return r
}

func TestKnownMetricsOfOtherReleasesAreAccepted(t *testing.T) {
	rows := knownmetrics.All()
	older := slices.Clone(rows[:100])
	for i := range older {
		older[i].Help = "Former help text."
	}
	newer := append(slices.Clone(rows), knownmetrics.Metric{Path: "/new", Name: "new", Type: knownmetrics.Counter})
	known := NewKnown("runsc_", false)

	r := parseFirstUse(t, known, releaseOf(older))
	assert.Empty(t, r.Dropped())
	for i := range older {
		m := r.Find([]byte(older[i].Name))
		assert.Equal(t, "Former help text.", m.Help, "snapshots have the help text of the sandbox")
		assert.Equal(t, rows[i].Help, m.Family.Prometheus.Description)
	}

	r = parseFirstUse(t, known, releaseOf(newer))
	assert.Equal(t, []string{"new"}, r.Dropped())
	weirdness := r.Find([]byte("weirdness"))
	assert.Equal(t, []string{"known", "added"}, weirdness.Fields[0].Values, "a newer release may add values")
	assert.Len(t, r.Metrics, len(rows)+1)
}

func TestDifferingMetricsAreDropped(t *testing.T) {
	known := NewKnown("runsc_", false)
	for name, changes := range map[string]keys{
		"type":              {"cumulative": false},
		"histogram":         {"type": 1, "distribution_bucket_lower_bounds": []int{1}},
		"unit":              {"units": 1},
		"field":             {"fields": []keys{field("job", "x")}},
		"other path":        {"name": "/fs/open"},
		"suffix":            {"name": "/fs/opens_total", "cumulative": false},
		"path in one piece": {"name": "/fs_opens"},
		"other name":        {"prometheus_name": "fs_reads"},
		"name with suffix":  {"prometheus_name": "fs_opens_total"},
	} {
		r := parseFirstUse(t, known, registered(opens(changes)))
		assert.Len(t, r.Dropped(), 1, name)
		assert.Zero(t, r.Series, name)
		assert.Nil(t, r.Metrics[0].Family, name)
		assert.Empty(t, r.Select(nil, ZeroFillAll).Counters, name)
	}
	r := parseFirstUse(t, known, registered(opens(nil)))
	assert.Empty(t, r.Dropped())
	assert.Equal(t, "Number of file opens.", r.Metrics[0].Family.OTel.Description)
	again := parseFirstUse(t, known, registered(opens(keys{"description": "Another lie."})))
	assert.Same(t, r.Metrics[0].Family, again.Metrics[0].Family)
}

func TestUnknownMetricsAreKeptUnderOtherNames(t *testing.T) {
	known := NewKnown("runsc_", true)
	unknown := func(path, name string, changes keys) keys {
		m := opens(keys{"name": path, "prometheus_name": name})
		maps.Copy(m, changes)
		return m
	}
	r := parseFirstUse(t, known, registered(
		opens(keys{"cumulative": false}),
		unknown("/a/b", "ab1", nil),
		unknown("/a_b", "ab2", nil),
		unknown("/a__b/total", "ab3", nil),
		unknown("/c", "c", keys{"fields": []keys{field("job", "x"), field("k8s_pod_name", "x")}}),
		unknown("/d", "d", keys{"fields": []keys{field("x_y", "x"), field("x__y", "x")}}),
		unknown("/e", "e", keys{"type": 1, "distribution_bucket_lower_bounds": []int{1}}),
		unknown("/e_count", "e_count2", keys{"type": 1, "distribution_bucket_lower_bounds": []int{1}}),
	))
	assert.Equal(t, []string{"ab2", "ab3", "d", "e_count2"}, r.Dropped(), "their names are ambiguous")
	names := map[string]string{}
	for i := range r.Metrics {
		if m := &r.Metrics[i]; !m.Dropped {
			names[m.Family.OTel.Name] = m.Family.Prometheus.Name
			assert.Equal(t, unknownHelp, m.Family.OTel.Description)
			assert.Equal(t, unknownHelp, m.Family.Prometheus.Description)
		}
	}
	assert.Equal(t, map[string]string{
		"gvisor.unregistered.gauge.fs.opens": "runsc_unregistered_gauge_fs_opens",
		"gvisor.unregistered.counter.a.b":    "runsc_unregistered_counter_ab1",
		"gvisor.unregistered.counter.c":      "runsc_unregistered_counter_c",
		"gvisor.unregistered.histogram.e":    "runsc_unregistered_histogram_e",
	}, names)
	labels := r.Find([]byte("c")).Family
	assert.Equal(t, []string{"gvisor.unregistered.job", "gvisor.unregistered.k8s_pod_name"}, labels.OTel.LabelKeys)
	assert.Equal(t, []string{"unregistered_job", "unregistered_k8s_pod_name"}, labels.Prometheus.LabelKeys)
	assert.Empty(t, r.Find([]byte("e")).Min.Prometheus.Name)
}

func TestStateFilesMakeMetricsKnown(t *testing.T) {
	known := NewKnown("", false)
	cache := NewFirstUseCache(known, Limits{}, Budget{})
	raw := []byte(registered(metric(keys{"name": "/new", "prometheus_name": "new"}), opens(nil)))
	before, err := cache.Get(raw)
	require.NoError(t, err)
	assert.Equal(t, []string{"new"}, before.Dropped())

	vouched, err := Parse([]byte(registered(metric(keys{"name": "/new", "prometheus_name": "new", "description": "True."}))), "", Limits{})
	require.NoError(t, err)
	known.Vouch(vouched)
	after, err := cache.Get(raw)
	require.NoError(t, err)
	assert.NotSame(t, before, after, "what was decided before does not apply to later sandboxes")
	assert.Empty(t, after.Dropped())
	assert.Same(t, vouched.Metrics[0].Family, after.Find([]byte("new")).Family)
	known.Vouch(vouched)
	again, err := cache.Get(raw)
	require.NoError(t, err)
	assert.Same(t, after, again)
	runtime.KeepAlive(before)
}

// TestStateFilesReplaceHelpTexts vouches for a metric of the table with the same
// help text, which changes nothing, and with another one, which sandboxes that
// are learned later have.
func TestStateFilesReplaceHelpTexts(t *testing.T) {
	const ofTable = "Number of file opens."
	for _, help := range []string{ofTable, "Number of opened files."} {
		known := NewKnown("", false)
		cache := NewFirstUseCache(known, Limits{}, Budget{})
		raw := []byte(registered(opens(nil)))
		before, err := cache.Get(raw)
		require.NoError(t, err)
		vouched, err := Parse([]byte(registered(opens(keys{"description": help}))), "", Limits{})
		require.NoError(t, err)
		known.Vouch(vouched)
		after, err := cache.Get(raw)
		require.NoError(t, err)
		assert.Equal(t, help, after.Metrics[0].Family.Prometheus.Description)
		assert.Equal(t, help == ofTable, before == after, "parsed once if %q", help)
	}
}

func TestVouchedMetricsAreLimited(t *testing.T) {
	known := NewKnown("", false)
	for i := range 3 {
		r := &Registration{}
		for j := range 4096 {
			m := Metric{Path: fmt.Sprintf("/m%d/n%d", i, j), Name: fmt.Sprintf("m%d_n%d", i, j), Type: Gauge}
			addFamilies(&m, 0, "")
			r.Metrics = append(r.Metrics, m)
		}
		known.Vouch(r)
	}
	assert.Len(t, known.vouched, maxVouched)
}

func TestCapturesAreKnown(t *testing.T) {
	for name, raw := range captured(t) {
		r, err := ParseFirstUse(raw, NewKnown("runsc_", false), Limits{})
		require.NoError(t, err, name)
		assert.Empty(t, r.Dropped(), name)
	}
}
