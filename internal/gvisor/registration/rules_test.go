package registration

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keys are the keys of a JSON object.
type keys = map[string]any

// metric returns a metric of a registration, with keys added or replaced. A key
// with the value nil is removed.
func metric(changes keys) keys {
	m := keys{"name": "/disk/reads", "prometheus_name": "disk_reads", "description": "Reads.", "cumulative": true}
	for key, value := range changes {
		m[key] = value
		if value == nil {
			delete(m, key)
		}
	}
	return m
}

// histogram returns a histogram of a registration, with keys added or replaced.
func histogram(changes keys) keys {
	m := metric(keys{
		"name": "/wait", "prometheus_name": "wait", "type": 1,
		"distribution_bucket_lower_bounds": []int64{0, 10},
	})
	maps.Copy(m, changes)
	return m
}

// field returns a field of a metric.
func field(key string, values ...string) keys {
	return keys{"field_name": key, "allowed_values": values}
}

// registered returns a registration as JSON.
func registered(metrics ...keys) string {
	data, err := json.Marshal(keys{"metrics": metrics})
	if err != nil {
		panic(err)
	}
	return string(data)
}

func withMetric(changes keys) string    { return registered(metric(changes)) }
func withHistogram(changes keys) string { return registered(histogram(changes)) }
func withFields(fields ...keys) string  { return registered(metric(keys{"fields": fields})) }

func withBounds(bounds ...int64) string {
	return registered(histogram(keys{"distribution_bucket_lower_bounds": bounds}))
}

// ascending returns n ascending bounds.
func ascending(n int) []int64 {
	bounds := make([]int64, n)
	for i := range bounds {
		bounds[i] = int64(i)
	}
	return bounds
}

// ruleTest is a registration, valid unless a rule is set.
type ruleTest struct {
	name  string
	input string
	rule  Rule
	// metric is the metric of the error.
	metric string
}

func valid(name, input string) ruleTest { return ruleTest{name: name, input: input} }

func invalid(name string, rule Rule, metric, input string) ruleTest {
	return ruleTest{name, input, rule, metric}
}

func runRules(t *testing.T, tests []ruleTest) {
	t.Helper()
	for _, test := range tests {
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
				assert.Equal(t, test.metric, typed.Metric, "%v", err)
			}
		})
	}
}

func TestFormatRules(t *testing.T) { runRules(t, formatRules) }
func TestNameRules(t *testing.T)   { runRules(t, nameRules) }
func TestFieldRules(t *testing.T)  { runRules(t, fieldRules) }
func TestBucketRules(t *testing.T) { runRules(t, bucketRules) }

func TestProcessMetricsAreReserved(t *testing.T) {
	for _, name := range processMetrics {
		_, err := Parse([]byte(withMetric(keys{"prometheus_name": name})), "", Limits{})
		var typed *Error
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, RuleReservedName, typed.Rule)
	}
	assert.Len(t, processMetrics, 9)
}

// formatRules are about the JSON, and about types and units.
var formatRules = []ruleTest{
	invalid("null", RuleAbsent, "", `null`),
	valid("no metrics", `{}`),
	valid("one metric", registered(metric(nil))),
	valid("unknown keys", `{"metrics":[{"name":"/a","prometheus_name":"a","new":{"x":[1]}}],"newer":1}`),
	valid("unknown units", withMetric(keys{"units": 7})),
	invalid("units with more than 32 bits", RuleFormat, "", withMetric(keys{"units": 1 << 31})),
	valid("sync", withMetric(keys{"sync": true})),
	invalid("sync is a number", RuleFormat, "", withMetric(keys{"sync": 1})),
	valid("stages", `{"stages":["a","b"],"metrics":[]}`),
	invalid("stage is a number", RuleFormat, "", `{"stages":[1],"metrics":[]}`),

	invalid("not JSON", RuleFormat, "", `{`),
	invalid("an array", RuleFormat, "", `[]`),
	invalid("trailing bytes", RuleFormat, "", `{} {}`),
	invalid("metric is a number", RuleFormat, "", `{"metrics":[1]}`),
	invalid("metric is null", RuleFormat, "", `{"metrics":[null]}`),
	invalid("name is a number", RuleFormat, "", `{"metrics":[{"name":1}]}`),
	invalid("key twice", RuleFormat, "", `{"metrics":[{"name":"/a","name":"/b","prometheus_name":"a"}]}`),
	invalid("key in another case", RuleFormat, "", `{"Metrics":[]}`),
	invalid("nested too deeply", RuleLimit, "", `{"x":`+strings.Repeat("[", 100)),

	invalid("type 2", RuleType, "disk_reads", withMetric(keys{"type": 2})),
	invalid("type -1", RuleType, "disk_reads", withMetric(keys{"type": -1})),
	invalid("type as string", RuleFormat, "", withMetric(keys{"type": "TYPE_UINT64"})),
}

// nameRules are about names and paths of metrics.
var nameRules = []ruleTest{
	invalid("no path", RuleNoName, "disk_reads", withMetric(keys{"name": nil})),
	invalid("no prometheus_name", RuleNoName, "/disk/reads", withMetric(keys{"prometheus_name": nil})),
	invalid("empty prometheus_name", RuleNoName, "/disk/reads", withMetric(keys{"prometheus_name": ""})),

	valid("name that contains meta_", withMetric(keys{"prometheus_name": "x_meta_y"})),
	valid("name with the prefix meta", withMetric(keys{"prometheus_name": "metadata"})),
	invalid("name with the prefix meta_", RuleReservedName, "meta_y", withMetric(keys{"prometheus_name": "meta_y"})),
	invalid("path below /sandbox/", RuleReservedName, "disk_reads", withMetric(keys{"name": "/sandbox/spec"})),
	valid("path /sandbox", withMetric(keys{"name": "/sandbox"})),
	valid("other name with the prefix process_", withMetric(keys{"prometheus_name": "process_reads"})),

	valid("name with digits", withMetric(keys{"prometheus_name": "a1_b2"})),
	invalid("name begins with digit", RuleName, "1a", withMetric(keys{"prometheus_name": "1a"})),
	invalid("name begins with underscore", RuleName, "_a", withMetric(keys{"prometheus_name": "_a"})),
	invalid("name with capital", RuleName, "aB", withMetric(keys{"prometheus_name": "aB"})),
	invalid("name with dash", RuleName, "a-b", withMetric(keys{"prometheus_name": "a-b"})),
	invalid("name with newline", RuleName, "a\n", withMetric(keys{"prometheus_name": "a\n"})),
	invalid("name with a letter beyond ASCII", RuleName, "gr\u00fcn", withMetric(keys{"prometheus_name": "gr\u00fcn"})),

	valid("path with capitals", withMetric(keys{"name": "/a_B/c1"})),
	invalid("path without slash", RulePath, "disk_reads", withMetric(keys{"name": "disk"})),
	invalid("path with empty element", RulePath, "disk_reads", withMetric(keys{"name": "/a//b"})),
	invalid("path with dot", RulePath, "disk_reads", withMetric(keys{"name": "/a.b"})),

	valid("two metrics", registered(metric(nil), metric(keys{"name": "/other", "prometheus_name": "other"}))),
	invalid("same name", RuleDuplicateMetric, "disk_reads", registered(metric(nil), metric(keys{"name": "/other"}))),
	invalid("same path", RuleDuplicateMetric, "other", registered(metric(nil), metric(keys{"prometheus_name": "other"}))),
	valid("similar to the name of a histogram", registered(histogram(nil), metric(keys{"prometheus_name": "wait_most"}))),
	invalid("name of a histogram's maximum", RuleDuplicateMetric, "wait_max",
		registered(metric(keys{"prometheus_name": "wait_max"}), histogram(nil))),
	invalid("name of a histogram's count", RuleDuplicateMetric, "wait_count",
		registered(metric(keys{"prometheus_name": "wait_count"}), histogram(nil))),
	valid("suffix of a histogram on a counter", registered(metric(nil), metric(keys{"name": "/x", "prometheus_name": "disk_reads_max"}))),
}

// fieldRules are about fields and their allowed values.
var fieldRules = []ruleTest{
	valid("two fields", withFields(field("a", "x"), field("b", "x"))),
	invalid("field twice", RuleDuplicateField, "disk_reads", withFields(field("a", "x"), field("a", "y"))),
	invalid("field with empty name", RuleFieldName, "disk_reads", withFields(field("", "x"))),
	invalid("field with dash", RuleFieldName, "disk_reads", withFields(field("a-b", "x"))),
	invalid("field reserved by Prometheus", RuleFieldName, "disk_reads", withFields(field("__a", "x"))),
	invalid("field named sandbox", RuleReservedField, "disk_reads", withFields(field("sandbox", "x"))),
	invalid("field named pod_name", RuleReservedField, "disk_reads", withFields(field("pod_name", "x"))),
	valid("field named le in a counter", withFields(field("le", "x"))),
	invalid("field named le in a histogram", RuleReservedField, "wait", withHistogram(keys{"fields": []keys{field("le", "x")}})),

	invalid("allowed values are null", RuleFormat, "", withFields(field("a"))),
	invalid("allowed values are empty", RuleNoValues, "disk_reads", withFields(keys{"field_name": "a", "allowed_values": []string{}})),
	invalid("allowed values are omitted", RuleNoValues, "disk_reads", withFields(keys{"field_name": "a"})),
	valid("empty value", withFields(field("a", "", "x"))),
	invalid("value twice", RuleDuplicateValue, "disk_reads", withFields(field("a", "x", "y", "x"))),
	invalid("value twice among many", RuleDuplicateValue, "disk_reads", withFields(field("a", "1", "2", "3", "4", "5", "6", "7", "5"))),
	valid("same value in two fields", withFields(field("a", "x"), field("b", "x"))),
	valid("comma with one field", withFields(field("a", "x,y"))),
	invalid("comma with two fields", RuleAmbiguousValue, "disk_reads", withFields(field("a", "x,y"), field("b", "z"))),
}

// bucketRules are about the bounds of distributions.
var bucketRules = []ruleTest{
	valid("two buckets", withBounds(ascending(1)...)),
	valid("256 buckets", withBounds(ascending(255)...)),
	invalid("one bucket", RuleBuckets, "wait", withBounds(ascending(0)...)),
	invalid("257 buckets", RuleBuckets, "wait", withBounds(ascending(256)...)),
	invalid("1000 buckets", RuleBuckets, "wait", withBounds(ascending(1000)...)),
	invalid("equal bounds", RuleBounds, "wait", withBounds(1, 1)),
	invalid("descending bounds", RuleBounds, "wait", withBounds(2, 1)),
	invalid("bounds equal as float64", RuleBounds, "wait", withBounds(1<<60, 1<<60+1)),
	valid("many bounds of a counter", withMetric(keys{"distribution_bucket_lower_bounds": ascending(1000)})),
	valid("bounds of a counter", withMetric(keys{"distribution_bucket_lower_bounds": []int64{2, 1}})),
}
