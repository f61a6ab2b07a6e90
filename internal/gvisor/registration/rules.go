package registration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rule is what a registration broke, in one word.
type Rule string

// Rules.
const (
	// RuleAbsent: there is no registration, but null.
	RuleAbsent Rule = "absent"
	// RuleFormat: the JSON is broken or of another shape.
	RuleFormat Rule = "format"
	// RuleLimit: one of [Limits] is exceeded.
	RuleLimit Rule = "limit"
	// RuleNoName: name or prometheus_name is missing.
	RuleNoName Rule = "no_name"
	// RuleReservedName: the name belongs to Prometheus' process metrics, or
	// begins with meta_ or /sandbox/, where the metrics are that describe the
	// sandbox itself.
	RuleReservedName Rule = "reserved_name"
	// RuleName: the Prometheus name is not a lower-case ASCII letter followed by
	// such letters, digits and underscores.
	RuleName Rule = "name"
	// RulePath: the name is not a path of ASCII letters, digits and
	// underscores, as gVisor demands when a metric is registered inside it.
	RulePath Rule = "path"
	// RuleDuplicateMetric: two metrics have the same name, path, or name in the
	// output: the histogram x also yields x_bucket, x_count, x_sum, x_min,
	// x_max and x_ssd.
	RuleDuplicateMetric Rule = "duplicate_metric"
	// RuleFieldName: the name of a field is no label name of Prometheus.
	RuleFieldName Rule = "field_name"
	// RuleReservedField: the name of a field is that of a label that tells
	// sandboxes apart, or le in a histogram.
	RuleReservedField Rule = "reserved_field"
	// RuleDuplicateField: a metric has two fields of the same name.
	RuleDuplicateField Rule = "duplicate_field"
	// RuleNoValues: a field has no allowed values.
	RuleNoValues Rule = "no_values"
	// RuleDuplicateValue: a field has the same allowed value twice.
	RuleDuplicateValue Rule = "duplicate_value"
	// RuleAmbiguousValue: a value holds a comma while the metric has several
	// fields. gVisor joins the values of a series with commas and takes
	// different series with equal texts for the same one.
	RuleAmbiguousValue Rule = "ambiguous_value"
	// RuleBuckets: a distribution has fewer than 2 or more than 256 buckets.
	RuleBuckets Rule = "buckets"
	// RuleBounds: the bounds of a distribution do not ascend.
	RuleBounds Rule = "bounds"
	// RuleType: the type is neither integer nor distribution.
	RuleType Rule = "type"
)

// Error says why a registration is refused.
type Error struct {
	Rule Rule
	// Metric is the Prometheus name of the metric that broke the rule, else
	// its path; empty if it was not about one metric.
	Metric string
	// Detail says more.
	Detail string
	// Err is the [jsonscan.Error] of RuleFormat and RuleLimit, if there is one.
	Err error
}

func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("registration refused (" + string(e.Rule) + ")")
	if e.Metric != "" {
		fmt.Fprintf(&text, ": metric %.100q", e.Metric)
	}
	if e.Detail != "" {
		text.WriteString(": " + e.Detail)
	}
	if e.Err != nil {
		text.WriteString(": " + e.Err.Error())
	}
	return text.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Bucket counts that gVisor's verifier allows.
const (
	minBuckets = 2
	maxBuckets = 256
)

var (
	namePattern      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	pathPattern      = regexp.MustCompile(`^(?:/[A-Za-z0-9_]+)+$`)
	fieldNamePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// processMetrics are the names that Prometheus reserves for the process that
// is scraped.
var processMetrics = []string{
	"process_cpu_seconds_total",
	"process_open_fds",
	"process_max_fds",
	"process_virtual_memory_bytes",
	"process_virtual_memory_max_bytes",
	"process_resident_memory_bytes",
	"process_heap_bytes",
	"process_start_time_seconds",
	"process_threads",
}

// identityLabels tell sandboxes apart in the naming "prometheus".
var identityLabels = []string{"sandbox", "iteration", "pod_name", "namespace_name"}

// checkMetric checks what concerns one metric alone.
func checkMetric(m *Metric) *Error {
	refuse := func(rule Rule, detail string, args ...any) *Error {
		return &Error{Rule: rule, Detail: fmt.Sprintf(detail, args...)}
	}
	switch {
	case m.Name == "":
		return refuse(RuleNoName, "it has no prometheus_name")
	case m.Path == "":
		return refuse(RuleNoName, "it has no name")
	case slices.Contains(processMetrics, m.Name):
		return refuse(RuleReservedName, "Prometheus reserves this name for the process that is scraped")
	case strings.HasPrefix(m.Name, "meta_"):
		return refuse(RuleReservedName, "names that begin with meta_ describe the sandbox itself")
	case strings.HasPrefix(m.Path, "/sandbox/"):
		return refuse(RuleReservedName, "paths that begin with /sandbox/ describe the sandbox itself")
	case !namePattern.MatchString(m.Name):
		return refuse(RuleName, "prometheus_name is not of the form [a-z][a-z0-9_]*")
	case !pathPattern.MatchString(m.Path):
		return refuse(RulePath, "name %.100q is not of the form /[A-Za-z0-9_]+/…", m.Path)
	}
	for i, field := range m.Fields {
		switch {
		case slices.ContainsFunc(m.Fields[:i], func(other Field) bool { return other.Key == field.Key }):
			return refuse(RuleDuplicateField, "field %.100q is there twice", field.Key)
		case !fieldNamePattern.MatchString(field.Key) || strings.HasPrefix(field.Key, "__"):
			return refuse(RuleFieldName, "field %.100q is not of the form [A-Za-z_][A-Za-z0-9_]*", field.Key)
		case slices.Contains(identityLabels, field.Key), m.Type == Histogram && field.Key == "le":
			return refuse(RuleReservedField, "field %.100q has the name of a reserved label", field.Key)
		case len(field.Values) == 0:
			return refuse(RuleNoValues, "field %.100q has no allowed values", field.Key)
		}
		for _, value := range field.Values {
			if len(m.Fields) > 1 && strings.Contains(value, ",") {
				return refuse(RuleAmbiguousValue, "field %.100q has a value with a comma: %.100q", field.Key, value)
			}
		}
	}
	if m.Type == Histogram {
		if buckets := m.Buckets(); buckets < minBuckets || buckets > maxBuckets {
			return refuse(RuleBuckets, "it has fewer than %d or more than %d buckets", minBuckets, maxBuckets)
		}
		for i := 1; i < len(m.Bounds); i++ {
			// As floating-point numbers, because that is how they are delivered.
			if float64(m.Bounds[i]) <= float64(m.Bounds[i-1]) {
				return refuse(RuleBounds, "bound %d is not above the one before it", i)
			}
		}
	}
	return nil
}

// histogramSuffixes are what the output puts behind the name of a histogram.
var histogramSuffixes = []string{"_bucket", "_count", "_sum", "_min", "_max", "_ssd"}

// checkNames checks that no two metrics meet in the output.
func checkNames(metrics []Metric) *Error {
	names := make(map[string]bool, len(metrics))
	paths := make(map[string]bool, len(metrics))
	for i := range metrics {
		m := &metrics[i]
		if names[m.Name] {
			return &Error{Rule: RuleDuplicateMetric, Metric: m.Name, Detail: "two metrics have this prometheus_name"}
		}
		if paths[m.Path] {
			return &Error{Rule: RuleDuplicateMetric, Metric: m.Name, Detail: "two metrics have the name " + m.Path}
		}
		names[m.Name], paths[m.Path] = true, true
	}
	for i := range metrics {
		if metrics[i].Type != Histogram {
			continue
		}
		for _, suffix := range histogramSuffixes {
			if name := metrics[i].Name + suffix; names[name] {
				return &Error{Rule: RuleDuplicateMetric, Metric: name, Detail: "the histogram " + metrics[i].Name + " yields the same name"}
			}
		}
	}
	return nil
}
