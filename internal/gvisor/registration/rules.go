package registration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rule identifies a rule that a registration can violate. The comment of each
// constant states the violation.
type Rule string

// Rules of registrations.
const (
	// RuleAbsent: the registration is null.
	RuleAbsent Rule = "absent"
	// RuleFormat: the JSON is invalid or has an unexpected structure.
	RuleFormat Rule = "format"
	// RuleLimit: one of the [Limits] is exceeded.
	RuleLimit Rule = "limit"
	// RuleBudget: the [Budget] of all registrations together is exceeded. It can be
	// met later.
	RuleBudget Rule = "budget"
	// RuleNoName: name or prometheus_name is missing.
	RuleNoName Rule = "no_name"
	// RuleReservedName: the name is that of a Prometheus process metric, or
	// begins with meta_ or /sandbox/, which is reserved for metrics about the
	// sandbox itself.
	RuleReservedName Rule = "reserved_name"
	// RuleName: the Prometheus name is not a lower-case ASCII letter followed by
	// such letters, digits and underscores.
	RuleName Rule = "name"
	// RulePath: the name is not a path of ASCII letters, digits and
	// underscores, which gVisor requires when it registers a metric.
	RulePath Rule = "path"
	// RuleDuplicateMetric: two metrics have the same name, path, or name in the
	// output, where a histogram x is also called x_bucket, x_count, x_sum,
	// x_min, x_max and x_ssd.
	RuleDuplicateMetric Rule = "duplicate_metric"
	// RuleFieldName: the name of a field is not a valid Prometheus label name.
	RuleFieldName Rule = "field_name"
	// RuleReservedField: the name of a field is that of a label that identifies
	// sandboxes, or le in a histogram.
	RuleReservedField Rule = "reserved_field"
	// RuleDuplicateField: two fields of a metric have the same name.
	RuleDuplicateField Rule = "duplicate_field"
	// RuleNoValues: a field has no allowed values.
	RuleNoValues Rule = "no_values"
	// RuleDuplicateValue: a field has the same allowed value twice.
	RuleDuplicateValue Rule = "duplicate_value"
	// RuleAmbiguousValue: a value contains a comma while the metric has several
	// fields. gVisor joins the values of a series with commas, and treats
	// different series with equal texts as the same one.
	RuleAmbiguousValue Rule = "ambiguous_value"
	// RuleBuckets: a distribution has fewer than 2 or more than 256 buckets.
	RuleBuckets Rule = "buckets"
	// RuleBounds: the bounds of a distribution are not ascending.
	RuleBounds Rule = "bounds"
	// RuleType: the type is neither integer nor distribution.
	RuleType Rule = "type"
)

// Error is the error of an invalid registration.
type Error struct {
	Rule Rule
	// Metric is the Prometheus name of the metric that violates the rule, or its
	// path if it has no name; empty if the violation is not about one metric.
	Metric string
	// Detail describes the violation.
	Detail string
	// Err is the [jsonscan.Error] that caused RuleFormat or RuleLimit, if there
	// is one.
	Err error
}

func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("invalid registration (" + string(e.Rule) + ")")
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

// The numbers of buckets that gVisor's verifier accepts.
const (
	minBuckets = 2
	maxBuckets = 256
)

var (
	namePattern      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	pathPattern      = regexp.MustCompile(`^(?:/[A-Za-z0-9_]+)+$`)
	fieldNamePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// processMetrics are the names that Prometheus reserves for metrics about the
// scraped process.
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

// identityLabels identify sandboxes in the naming "prometheus".
var identityLabels = []string{"sandbox", "iteration", "pod_name", "namespace_name"}

// violation returns an error without a metric.
func violation(rule Rule, detail string, args ...any) *Error {
	return &Error{Rule: rule, Detail: fmt.Sprintf(detail, args...)}
}

// checkMetric verifies the rules about a single metric.
func checkMetric(m *Metric) *Error {
	switch {
	case m.Name == "":
		return violation(RuleNoName, "no prometheus_name")
	case m.Path == "":
		return violation(RuleNoName, "no name")
	case slices.Contains(processMetrics, m.Name):
		return violation(RuleReservedName, "Prometheus reserves this name for the scraped process")
	case strings.HasPrefix(m.Name, "meta_"):
		return violation(RuleReservedName, "names with the prefix meta_ are reserved for metrics about the sandbox itself")
	case strings.HasPrefix(m.Path, "/sandbox/"):
		return violation(RuleReservedName, "paths below /sandbox/ are reserved for metrics about the sandbox itself")
	case !namePattern.MatchString(m.Name):
		return violation(RuleName, "prometheus_name is not of the form [a-z][a-z0-9_]*")
	case !pathPattern.MatchString(m.Path):
		return violation(RulePath, "name %.100q is not of the form /[A-Za-z0-9_]+/…", m.Path)
	}
	if err := checkFields(m); err != nil {
		return err
	}
	if m.Type != Histogram {
		return nil
	}
	if buckets := m.Buckets(); buckets < minBuckets || buckets > maxBuckets {
		return violation(RuleBuckets, "%d buckets: must be between %d and %d", buckets, minBuckets, maxBuckets)
	}
	for i := 1; i < len(m.Bounds); i++ {
		// Bounds are compared as floating-point numbers, because they are emitted
		// as such.
		if float64(m.Bounds[i]) <= float64(m.Bounds[i-1]) {
			return violation(RuleBounds, "bound %d is not greater than the previous one", i)
		}
	}
	return nil
}

func checkFields(m *Metric) *Error {
	for i, field := range m.Fields {
		switch {
		case slices.ContainsFunc(m.Fields[:i], func(other Field) bool { return other.Key == field.Key }):
			return violation(RuleDuplicateField, "field %.100q occurs twice", field.Key)
		case !fieldNamePattern.MatchString(field.Key) || strings.HasPrefix(field.Key, "__"):
			return violation(RuleFieldName, "field %.100q is not of the form [A-Za-z_][A-Za-z0-9_]*", field.Key)
		case slices.Contains(identityLabels, field.Key), m.Type == Histogram && field.Key == "le":
			return violation(RuleReservedField, "field %.100q has the name of a reserved label", field.Key)
		case len(field.Values) == 0:
			return violation(RuleNoValues, "field %.100q has no allowed values", field.Key)
		}
		for _, value := range field.Values {
			if len(m.Fields) > 1 && strings.Contains(value, ",") {
				return violation(RuleAmbiguousValue, "field %.100q has a value with a comma: %.100q", field.Key, value)
			}
		}
	}
	return nil
}

// histogramSuffixes are appended to the name of a histogram in the output.
var histogramSuffixes = []string{"_bucket", "_count", "_sum", "_min", "_max", "_ssd"}

// checkNames verifies that no two metrics have the same name in the output.
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
				return &Error{
					Rule: RuleDuplicateMetric, Metric: name,
					Detail: "the histogram " + metrics[i].Name + " has the same name in the output",
				}
			}
		}
	}
	return nil
}
