package snapshot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Rule identifies a rule that a response can violate. The comment of each
// constant states the violation.
type Rule string

// Rules about the form of the response, with the outcome malformed.
const (
	// RuleFormat: the JSON is invalid, repeats a key, is followed by more bytes,
	// or has values of unexpected kinds.
	RuleFormat Rule = "format"
	// RuleNotSnapshot: the result of a successful call contains no snapshot, or
	// one without a time.
	RuleNotSnapshot Rule = "not_a_snapshot"
)

// Rules about the size of the response, with the outcome oversize.
const (
	// RuleSize: there are too many bytes, a string is too long, or values are
	// nested too deeply.
	RuleSize Rule = "size"
	// RulePoints: there are more points than [Settings.MaxPoints].
	RulePoints Rule = "points"
)

// Rules about the content of the response, with the outcome rejected.
const (
	// RuleFuture: the time of the snapshot is in the future.
	RuleFuture Rule = "future"
	// RuleStale: the snapshot is more than 10 seconds old.
	RuleStale Rule = "stale"
	// RuleOrder: the snapshot is older than the last verified one.
	RuleOrder Rule = "order"
	// RuleUnknownMetric: the metric is not registered.
	RuleUnknownMetric Rule = "unknown_metric"
	// RuleType: the type differs from the registered one.
	RuleType Rule = "type"
	// RuleHelp: the help text differs from the registered one.
	RuleHelp Rule = "help"
	// RuleFilter: the filter of the request excludes the metric.
	RuleFilter Rule = "filter"
	// RuleLabelCount: there are more or fewer labels than fields.
	RuleLabelCount Rule = "label_count"
	// RuleLabelMissing: a field has no label.
	RuleLabelMissing Rule = "label_missing"
	// RuleLabelValue: the value of a label is not registered.
	RuleLabelValue Rule = "label_value"
	// RuleDuplicateSeries: two points of a metric have the same labels.
	RuleDuplicateSeries Rule = "duplicate_series"
	// RuleValue: the entry does not have exactly one value of the right kind, a
	// number or a histogram.
	RuleValue Rule = "value"
	// RuleInteger: a number is not a single integer.
	RuleInteger Rule = "integer"
	// RuleBucketCount: a histogram has more or fewer buckets than registered.
	RuleBucketCount Rule = "bucket_count"
	// RuleBucketBound: the bound of a bucket differs from the registered one.
	RuleBucketBound Rule = "bucket_bound"
	// RuleBucketSum: all buckets together count 2⁶³ observations or more.
	RuleBucketSum Rule = "bucket_sum"
	// RuleSSD: the sum of squared deviations is a nonzero integer, or both an
	// integer and a floating-point number.
	RuleSSD Rule = "ssd"
	// RuleCounterDecreased: a counter is below its last verified value, or below
	// zero if it has none.
	RuleCounterDecreased Rule = "counter_decreased"
	// RuleBucketDecreased: a bucket has lost samples.
	RuleBucketDecreased Rule = "bucket_decreased"
	// RuleMinimumRose: the minimum of all samples has increased.
	RuleMinimumRose Rule = "minimum_rose"
	// RuleMaximumFell: the maximum of all samples has decreased.
	RuleMaximumFell Rule = "maximum_fell"
	// RuleSSDFell: the sum of squared deviations has decreased.
	RuleSSDFell Rule = "ssd_fell"
	// RuleSeries: all snapshots together have more series than
	// [Settings.MaxPoints].
	RuleSeries Rule = "series"
)

// Outcome returns the outcome of a pull whose response violates the rule.
func (r Rule) Outcome() sandbox.Outcome {
	switch r {
	case RuleFormat, RuleNotSnapshot:
		return sandbox.Malformed
	case RuleSize, RulePoints:
		return sandbox.Oversize
	}
	return sandbox.Rejected
}

// Violation is the error of a response that violates a rule.
type Violation struct {
	Rule Rule
	// Metric is the Prometheus name without prefix, as the sandbox sent it, and
	// possibly truncated; empty if the violation is not about a metric.
	Metric string
	// Detail describes the violation.
	Detail string
	// Err is the error of decoding that RuleFormat or RuleSize stands for, if
	// there is one.
	Err error
}

func (v *Violation) Error() string {
	var text strings.Builder
	text.WriteString("invalid snapshot (" + string(v.Rule) + ")")
	if v.Metric != "" {
		fmt.Fprintf(&text, ": metric %q", v.Metric)
	}
	if v.Detail != "" {
		text.WriteString(": " + v.Detail)
	}
	if v.Err != nil {
		text.WriteString(": " + v.Err.Error())
	}
	return text.String()
}

// Violated implements [sandbox.Violation].
func (v *Violation) Violated() (rule, metric string) { return string(v.Rule), v.Metric }

func (v *Violation) Unwrap() error { return v.Err }

// failure converts an error of reading or verifying to a [sandbox.Failure].
func failure(err error) error {
	var violation *Violation
	if !errors.As(err, &violation) {
		var remote *urpc.RemoteError
		switch outcome := urpc.Outcome(err); {
		case outcome == sandbox.Oversize:
			violation = &Violation{Rule: RuleSize, Err: err}
		case outcome == sandbox.Malformed, errors.As(err, &remote) && remote.NoSuccess:
			violation = &Violation{Rule: RuleFormat, Err: err}
		default:
			return sandbox.Fail(outcome, err)
		}
	}
	return sandbox.Fail(violation.Rule.Outcome(), violation)
}
