package registration

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func small(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/small.json")
	require.NoError(t, err)
	return data
}

// capture reads a file of the captures, which a checkout alone does not have.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../../shared/gvisor", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no captures here")
	}
	require.NoError(t, err)
	return data
}

func TestParse(t *testing.T) {
	r, err := Parse(small(t), "runsc_", Limits{})
	require.NoError(t, err)

	var paths []string
	for i := range r.Metrics {
		m := &r.Metrics[i]
		assert.Equal(t, i, m.Index)
		assert.Same(t, m, r.Find([]byte(m.Name)))
		paths = append(paths, m.Path)
	}
	assert.Equal(t, []string{"/calls/odd", "/disk/latency", "/disk/reads", "/disk/wait", "/link/rx/bytes", "/link/rx/packets", "/tasks/open"}, paths)
	assert.Nil(t, r.Find([]byte("disk_writes")))
	assert.EqualValues(t, 3*8+2+5, r.Series)

	reads := r.Find([]byte("disk_reads"))
	assert.Equal(t, Counter, reads.Type)
	assert.Equal(t, `Reads of <disk> & "more".`, reads.Help)
	assert.Equal(t, `","type":2,"help":"Reads of \u003cdisk\u003e \u0026 \"more\"."},`, string(reads.Canonical))
	assert.Equal(t, Gauge, r.Find([]byte("tasks_open")).Type)

	latency := r.Find([]byte("disk_latency"))
	assert.Equal(t, Histogram, latency.Type)
	assert.Equal(t, []int64{0, 1000, 1000000}, latency.Bounds)
	assert.Equal(t, []float64{0, 1000, 1000000}, latency.FloatBounds)
	assert.Equal(t, 4, latency.Buckets())
}

func TestFamilies(t *testing.T) {
	r, err := Parse(small(t), "runsc_", Limits{})
	require.NoError(t, err)
	for _, test := range []struct {
		name             string
		otel, prometheus sandbox.Descriptor
	}{
		{
			"disk_reads",
			sandbox.Descriptor{Name: "gvisor.disk.reads", Description: `Reads of <disk> & "more".`, Kind: sandbox.Counter},
			sandbox.Descriptor{Name: "runsc_disk_reads", Description: `Reads of <disk> & "more".`, Kind: sandbox.Counter},
		},
		{
			"disk_wait",
			sandbox.Descriptor{Name: "gvisor.disk.wait", Description: "Time spent waiting.", Unit: "ns", Kind: sandbox.Counter},
			sandbox.Descriptor{Name: "runsc_disk_wait", Description: "Time spent waiting.", Kind: sandbox.Counter},
		},
		{
			"link_rx_bytes",
			sandbox.Descriptor{Name: "gvisor.link.rx.bytes", Description: "Bytes received.", Unit: "By", Kind: sandbox.Counter},
			sandbox.Descriptor{Name: "runsc_link_rx_bytes", Description: "Bytes received.", Kind: sandbox.Counter},
		},
		{
			"link_rx_packets",
			sandbox.Descriptor{Name: "gvisor.link.rx.packets", Description: "Packets received.", Unit: "{packet}", Kind: sandbox.Counter},
			sandbox.Descriptor{Name: "runsc_link_rx_packets", Description: "Packets received.", Kind: sandbox.Counter},
		},
		{
			"tasks_open",
			sandbox.Descriptor{Name: "gvisor.tasks.open", Description: "Tasks now.", Kind: sandbox.Gauge},
			sandbox.Descriptor{Name: "runsc_tasks_open", Description: "Tasks now.", Kind: sandbox.Gauge},
		},
		{
			"calls_odd",
			sandbox.Descriptor{Name: "gvisor.calls.odd", Description: "Odd calls.", Kind: sandbox.Counter, LabelKeys: []string{"kind", "number"}},
			sandbox.Descriptor{Name: "runsc_calls_odd", Description: "Odd calls.", Kind: sandbox.Counter, LabelKeys: []string{"kind", "number"}},
		},
		{
			"disk_latency",
			sandbox.Descriptor{Name: "gvisor.disk.latency", Description: "Latency.", Unit: "ns", Kind: sandbox.Histogram, LabelKeys: []string{"mode"}},
			sandbox.Descriptor{Name: "runsc_disk_latency", Description: "Latency.", Kind: sandbox.Histogram, LabelKeys: []string{"mode"}},
		},
	} {
		m := r.Find([]byte(test.name))
		assert.Equal(t, &sandbox.Family{OTel: test.otel, Prometheus: test.prometheus}, m.Family, test.name)
	}

	latency := r.Find([]byte("disk_latency"))
	for suffix, family := range map[string]*sandbox.Family{"_min": latency.Min, "_max": latency.Max, "_ssd": latency.SSD} {
		assert.Empty(t, family.OTel.Name)
		assert.Equal(t, "runsc_disk_latency"+suffix, family.Prometheus.Name)
		assert.Equal(t, sandbox.Gauge, family.Prometheus.Kind)
		assert.Equal(t, []string{"mode"}, family.Prometheus.LabelKeys)
	}
	assert.Nil(t, r.Find([]byte("disk_wait")).Min)
}

func TestSeriesNumbersAreDenseAndNameTheirLabels(t *testing.T) {
	r, err := Parse(small(t), "", Limits{})
	require.NoError(t, err)
	seen := map[string]bool{}
	next := uint32(0)
	for i := range r.Metrics {
		m := &r.Metrics[i]
		require.Equal(t, next, m.First)
		for series := m.First; series < m.First+m.Series; series++ {
			labels := m.Labels(nil, series)
			require.Len(t, labels, len(m.Fields))
			number := m.First
			for j := range m.Fields {
				ordinal, allowed := m.Fields[j].Ordinal([]byte(labels[j]))
				require.True(t, allowed)
				number += m.Fields[j].Offset(ordinal)
			}
			require.Equal(t, series, number)
			require.Same(t, m, r.MetricOf(series))
			seen[fmt.Sprint(m.Name, labels)] = true
		}
		next += m.Series
	}
	assert.Equal(t, r.Series, next)
	assert.Len(t, seen, int(r.Series))

	for _, field := range r.Find([]byte("calls_odd")).Fields {
		_, allowed := field.Ordinal([]byte("7"))
		assert.False(t, allowed)
	}
}

// metric is one metric of a registration as JSON, with keys added or replaced.
func metric(changes map[string]any) map[string]any {
	m := map[string]any{"name": "/disk/reads", "prometheus_name": "disk_reads", "description": "Reads.", "cumulative": true}
	for key, value := range changes {
		m[key] = value
		if value == nil {
			delete(m, key)
		}
	}
	return m
}

func registered(metrics ...map[string]any) string {
	data, err := json.Marshal(map[string]any{"metrics": metrics})
	if err != nil {
		panic(err)
	}
	return string(data)
}

func field(key string, values ...string) map[string]any {
	return map[string]any{"field_name": key, "allowed_values": values}
}

type fields = []map[string]any

func ascending(n int) []int64 {
	bounds := make([]int64, n)
	for i := range bounds {
		bounds[i] = int64(i)
	}
	return bounds
}

func histogram(changes map[string]any) map[string]any {
	m := metric(map[string]any{"name": "/wait", "prometheus_name": "wait", "type": 1, "distribution_bucket_lower_bounds": []int64{0, 10}})
	maps.Copy(m, changes)
	return m
}

func TestRules(t *testing.T) {
	other := map[string]any{"name": "/other", "prometheus_name": "other"}
	for _, test := range []struct {
		name  string
		input string
		rule  Rule // empty: taken
		about string
	}{
		{"nothing", `null`, RuleAbsent, ""},
		{"no metrics", `{}`, "", ""},
		{"one metric", registered(metric(nil)), "", ""},
		{"unknown keys", `{"metrics":[{"name":"/a","prometheus_name":"a","new":{"x":[1]}}],"newer":1}`, "", ""},
		{"unknown unit", registered(metric(map[string]any{"units": 7})), "", ""},
		{"unit of more than 32 bits", registered(metric(map[string]any{"units": 1 << 31})), RuleFormat, ""},
		{"sync", registered(metric(map[string]any{"sync": true})), "", ""},
		{"sync is a number", registered(metric(map[string]any{"sync": 1})), RuleFormat, ""},
		{"stages", `{"stages":["a","b"],"metrics":[]}`, "", ""},
		{"stage is a number", `{"stages":[1],"metrics":[]}`, RuleFormat, ""},

		{"not JSON", `{`, RuleFormat, ""},
		{"an array", `[]`, RuleFormat, ""},
		{"something behind", `{} {}`, RuleFormat, ""},
		{"metric is a number", `{"metrics":[1]}`, RuleFormat, ""},
		{"metric is null", `{"metrics":[null]}`, RuleFormat, ""},
		{"name is a number", `{"metrics":[{"name":1}]}`, RuleFormat, ""},
		{"key twice", `{"metrics":[{"name":"/a","name":"/b","prometheus_name":"a"}]}`, RuleFormat, ""},
		{"key in another case", `{"Metrics":[]}`, RuleFormat, ""},
		{"deeply nested", `{"x":` + strings.Repeat("[", 100), RuleLimit, ""},

		{"no path", registered(metric(map[string]any{"name": nil})), RuleNoName, "disk_reads"},
		{"no prometheus_name", registered(metric(map[string]any{"prometheus_name": nil})), RuleNoName, "/disk/reads"},
		{"empty prometheus_name", registered(metric(map[string]any{"prometheus_name": ""})), RuleNoName, "/disk/reads"},

		{"meta_ inside", registered(metric(map[string]any{"prometheus_name": "x_meta_y"})), "", ""},
		{"meta without underscore", registered(metric(map[string]any{"prometheus_name": "metadata"})), "", ""},
		{"meta_ first", registered(metric(map[string]any{"prometheus_name": "meta_y"})), RuleReservedName, "meta_y"},
		{"/sandbox/ first", registered(metric(map[string]any{"name": "/sandbox/spec"})), RuleReservedName, "disk_reads"},
		{"/sandbox alone", registered(metric(map[string]any{"name": "/sandbox"})), "", ""},
		{"other process_ name", registered(metric(map[string]any{"prometheus_name": "process_reads"})), "", ""},

		{"name with digits", registered(metric(map[string]any{"prometheus_name": "a1_b2"})), "", ""},
		{"name begins with digit", registered(metric(map[string]any{"prometheus_name": "1a"})), RuleName, "1a"},
		{"name begins with underscore", registered(metric(map[string]any{"prometheus_name": "_a"})), RuleName, "_a"},
		{"name with capital", registered(metric(map[string]any{"prometheus_name": "aB"})), RuleName, "aB"},
		{"name with dash", registered(metric(map[string]any{"prometheus_name": "a-b"})), RuleName, "a-b"},
		{"name with newline", registered(metric(map[string]any{"prometheus_name": "a\n"})), RuleName, "a\n"},
		{"name with a letter beyond ASCII", registered(metric(map[string]any{"prometheus_name": "gr\u00fcn"})), RuleName, "gr\u00fcn"},

		{"path with capitals", registered(metric(map[string]any{"name": "/a_B/c1"})), "", ""},
		{"path without slash", registered(metric(map[string]any{"name": "disk"})), RulePath, "disk_reads"},
		{"path with empty element", registered(metric(map[string]any{"name": "/a//b"})), RulePath, "disk_reads"},
		{"path with dot", registered(metric(map[string]any{"name": "/a.b"})), RulePath, "disk_reads"},

		{"two metrics", registered(metric(nil), metric(other)), "", ""},
		{"same name", registered(metric(nil), metric(map[string]any{"name": "/other"})), RuleDuplicateMetric, "disk_reads"},
		{"same path", registered(metric(nil), metric(map[string]any{"prometheus_name": "other"})), RuleDuplicateMetric, "other"},
		{"beside a histogram", registered(histogram(nil), metric(map[string]any{"prometheus_name": "wait_most"})), "", ""},
		{"as a histogram's maximum", registered(metric(map[string]any{"prometheus_name": "wait_max"}), histogram(nil)), RuleDuplicateMetric, "wait_max"},
		{"as a histogram's count", registered(metric(map[string]any{"prometheus_name": "wait_count"}), histogram(nil)), RuleDuplicateMetric, "wait_count"},
		{"as a counter's maximum", registered(metric(nil), metric(map[string]any{"name": "/x", "prometheus_name": "disk_reads_max"})), "", ""},

		{"two fields", registered(metric(map[string]any{"fields": fields{field("a", "x"), field("b", "x")}})), "", ""},
		{"field twice", registered(metric(map[string]any{"fields": fields{field("a", "x"), field("a", "y")}})), RuleDuplicateField, "disk_reads"},
		{"field without name", registered(metric(map[string]any{"fields": fields{field("", "x")}})), RuleFieldName, "disk_reads"},
		{"field with dash", registered(metric(map[string]any{"fields": fields{field("a-b", "x")}})), RuleFieldName, "disk_reads"},
		{"field for Prometheus' own use", registered(metric(map[string]any{"fields": fields{field("__a", "x")}})), RuleFieldName, "disk_reads"},
		{"field called sandbox", registered(metric(map[string]any{"fields": fields{field("sandbox", "x")}})), RuleReservedField, "disk_reads"},
		{"field called pod_name", registered(metric(map[string]any{"fields": fields{field("pod_name", "x")}})), RuleReservedField, "disk_reads"},
		{"field called le in a counter", registered(metric(map[string]any{"fields": fields{field("le", "x")}})), "", ""},
		{"field called le in a histogram", registered(histogram(map[string]any{"fields": fields{field("le", "x")}})), RuleReservedField, "wait"},

		{"field with null for values", registered(metric(map[string]any{"fields": fields{field("a")}})), RuleFormat, ""},
		{"field with empty values", registered(metric(map[string]any{"fields": fields{{"field_name": "a", "allowed_values": []string{}}}})), RuleNoValues, "disk_reads"},
		{"field with values left out", registered(metric(map[string]any{"fields": fields{{"field_name": "a"}}})), RuleNoValues, "disk_reads"},
		{"an empty value", registered(metric(map[string]any{"fields": fields{field("a", "", "x")}})), "", ""},
		{"a value twice", registered(metric(map[string]any{"fields": fields{field("a", "x", "y", "x")}})), RuleDuplicateValue, "disk_reads"},
		{"a value twice among many", registered(metric(map[string]any{"fields": fields{field("a", "1", "2", "3", "4", "5", "6", "7", "5")}})), RuleDuplicateValue, "disk_reads"},
		{"a value in two fields", registered(metric(map[string]any{"fields": fields{field("a", "x"), field("b", "x")}})), "", ""},
		{"a comma with one field", registered(metric(map[string]any{"fields": fields{field("a", "x,y")}})), "", ""},
		{"a comma with two fields", registered(metric(map[string]any{"fields": fields{field("a", "x,y"), field("b", "z")}})), RuleAmbiguousValue, "disk_reads"},

		{"two buckets", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": ascending(1)})), "", ""},
		{"256 buckets", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": ascending(255)})), "", ""},
		{"one bucket", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": ascending(0)})), RuleBuckets, "wait"},
		{"257 buckets", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": ascending(256)})), RuleBuckets, "wait"},
		{"1000 buckets", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": ascending(1000)})), RuleBuckets, "wait"},
		{"equal bounds", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": []int64{1, 1}})), RuleBounds, "wait"},
		{"descending bounds", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": []int64{2, 1}})), RuleBounds, "wait"},
		{"bounds equal as float64", registered(histogram(map[string]any{"distribution_bucket_lower_bounds": []int64{1 << 60, 1<<60 + 1}})), RuleBounds, "wait"},
		{"many bounds of a counter", registered(metric(map[string]any{"distribution_bucket_lower_bounds": ascending(1000)})), "", ""},
		{"bounds of a counter", registered(metric(map[string]any{"distribution_bucket_lower_bounds": []int64{2, 1}})), "", ""},

		{"type 2", registered(metric(map[string]any{"type": 2})), RuleType, "disk_reads"},
		{"type -1", registered(metric(map[string]any{"type": -1})), RuleType, "disk_reads"},
		{"type as text", registered(metric(map[string]any{"type": "TYPE_UINT64"})), RuleFormat, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Parse([]byte(test.input), "runsc_", Limits{})
			if test.rule == "" {
				require.NoError(t, err)
				require.NotNil(t, r)
				return
			}
			require.Nil(t, r)
			var typed *Error
			require.ErrorAs(t, err, &typed)
			assert.Equal(t, test.rule, typed.Rule, "%v", err)
			if test.rule != RuleFormat {
				assert.Equal(t, test.about, typed.Metric, "%v", err)
			}
		})
	}
	for _, name := range processMetrics {
		_, err := Parse([]byte(registered(metric(map[string]any{"prometheus_name": name}))), "", Limits{})
		var typed *Error
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, RuleReservedName, typed.Rule)
	}
	assert.Len(t, processMetrics, 9)
}

func TestLimits(t *testing.T) {
	two := registered(metric(nil), metric(map[string]any{"name": "/other", "prometheus_name": "other"}))
	labeled := registered(metric(map[string]any{"fields": fields{field("a", "1", "2"), field("b", "1", "2", "3")}}))
	histogram := registered(histogram(map[string]any{"fields": fields{field("a", "1", "2")}}))
	for _, test := range []struct {
		name, input    string
		enough, little Limits
	}{
		{"bytes", two, Limits{Bytes: int64(len(two))}, Limits{Bytes: int64(len(two)) - 1}},
		{"metrics", two, Limits{Metrics: 2}, Limits{Metrics: 1}},
		{"fields", labeled, Limits{Fields: 2}, Limits{Fields: 1}},
		{"values", labeled, Limits{Values: 3}, Limits{Values: 2}},
		{"name", two, Limits{Name: len("/disk/reads")}, Limits{Name: len("/disk/reads") - 1}},
		{"description", two, Limits{Description: len("Reads.")}, Limits{Description: len("Reads.") - 1}},
		{"numbers", labeled, Limits{Numbers: 6}, Limits{Numbers: 5}},
		{"numbers of two metrics", two, Limits{Numbers: 2}, Limits{Numbers: 1}},
		{"numbers of buckets", histogram, Limits{Numbers: 2 * (1 + 3)}, Limits{Numbers: 2*(1+3) - 1}},
	} {
		_, err := Parse([]byte(test.input), "", test.enough)
		assert.NoError(t, err, test.name)
		_, err = Parse([]byte(test.input), "", test.little)
		var typed *Error
		if assert.ErrorAs(t, err, &typed, test.name) {
			assert.Equal(t, RuleLimit, typed.Rule, test.name)
		}
	}

	// Many fields of many values: the product must not overflow.
	many := make([]string, 8000)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	var wide fields
	for i := range 8 {
		wide = append(wide, field(fmt.Sprintf("f%d", i), many...))
	}
	_, err := Parse([]byte(registered(metric(map[string]any{"fields": wide}))), "", Limits{})
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, RuleLimit, typed.Rule)
}

func TestErrorText(t *testing.T) {
	_, err := Parse([]byte(registered(metric(map[string]any{"prometheus_name": "Reads"}))), "", Limits{})
	assert.EqualError(t, err, `registration refused (name): metric "Reads": prometheus_name is not of the form [a-z][a-z0-9_]*`)
	_, err = Parse([]byte(`{"metrics":{}}`), "", Limits{})
	assert.EqualError(t, err, `registration refused (format): unexpected kind of JSON value at byte 11: an object instead of an array`)
	assert.ErrorIs(t, err, jsonscan.ErrKind)
	_, err = Parse([]byte(registered(metric(map[string]any{"prometheus_name": strings.Repeat("x", 200) + "-"}))), "", Limits{})
	assert.Less(t, len(err.Error()), 300)
}

// captured are the registrations of real sandboxes, by file.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for _, name := range []string{"cli-instrumented.state.json", "cri-pod-container.state.json", "cri-pod-sandbox.state.json", "docker.state.json"} {
		var state struct {
			Sandbox struct {
				RegisteredMetrics json.RawMessage `json:"registeredMetrics"`
			} `json:"sandbox"`
		}
		require.NoError(t, json.Unmarshal(capture(t, name), &state), name)
		found[name] = state.Sandbox.RegisteredMetrics
	}
	var answer struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(capture(t, "registered-metrics.response.json"), &answer))
	found["registered-metrics.response.json"] = answer.Result.RegisteredMetrics
	return found
}

func TestCaptures(t *testing.T) {
	for name, raw := range captured(t) {
		r, err := Parse(raw, "runsc_", Limits{})
		require.NoError(t, err, name)
		assert.Len(t, r.Metrics, 178, name)
		assert.Equal(t, uint32(172+1+2+6*101+2002+6+5), r.Series, name)
		assert.Equal(t, "ns", r.Find([]byte("fs_read_wait")).Family.OTel.Unit)
		assert.Equal(t, "gvisor.netstack.nic.rx.bytes", r.Find([]byte("netstack_nic_rx_bytes")).Family.OTel.Name)
		assert.Equal(t, Gauge, r.Find([]byte("netstack_tcp_current_established")).Type)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := captured(b)["docker.state.json"]
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Parse(raw, "runsc_", Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
