package snapshot

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Rule is what an answer broke, in one word.
type Rule string

// Rules about the shape of the answer: outcome malformed.
const (
	// RuleFormat: the JSON is broken, has a key twice, something behind it, or
	// values of other kinds than expected.
	RuleFormat Rule = "format"
	// RuleNotSnapshot: a success without a snapshot, or a snapshot without time.
	RuleNotSnapshot Rule = "not_a_snapshot"
)

// Rules about the size of the answer: outcome oversize.
const (
	// RuleSize: too many bytes, a text too long, or nested too deeply.
	RuleSize Rule = "size"
	// RulePoints: more points than [Settings.MaxPoints].
	RulePoints Rule = "points"
)

// Rules that an answer of the right shape may break: outcome rejected.
const (
	// RuleFuture: the snapshot was taken after now.
	RuleFuture Rule = "future"
	// RuleStale: the snapshot was taken more than 10 seconds ago.
	RuleStale Rule = "stale"
	// RuleOrder: the snapshot was taken before the last one that was verified.
	RuleOrder Rule = "order"
	// RuleUnknownMetric: the metric is not registered.
	RuleUnknownMetric Rule = "unknown_metric"
	// RuleType: the metric has another type than registered.
	RuleType Rule = "type"
	// RuleHelp: the metric has another help text than registered.
	RuleHelp Rule = "help"
	// RuleFilter: the metric was not asked for.
	RuleFilter Rule = "filter"
	// RuleLabelCount: there are more or fewer labels than fields.
	RuleLabelCount Rule = "label_count"
	// RuleLabelMissing: a field has no label.
	RuleLabelMissing Rule = "label_missing"
	// RuleLabelValue: a label has a value that is not allowed.
	RuleLabelValue Rule = "label_value"
	// RuleDuplicateSeries: the same labels come twice.
	RuleDuplicateSeries Rule = "duplicate_series"
	// RuleValue: there is not exactly one value of the right kind: a number, or
	// a histogram.
	RuleValue Rule = "value"
	// RuleInteger: a number is not a single integer.
	RuleInteger Rule = "integer"
	// RuleBucketCount: a histogram has more or fewer buckets than registered.
	RuleBucketCount Rule = "bucket_count"
	// RuleBucketBound: a bucket has another bound than registered.
	RuleBucketBound Rule = "bucket_bound"
	// RuleBucketSum: all buckets together hold 2⁶³ samples or more.
	RuleBucketSum Rule = "bucket_sum"
	// RuleSSD: the sum of squared deviations is an integer, and not zero, or it
	// is two numbers.
	RuleSSD Rule = "ssd"
	// RuleCounterDecreased: a counter is below its last verified value, which
	// is zero before its first.
	RuleCounterDecreased Rule = "counter_decreased"
	// RuleBucketDecreased: a bucket lost samples.
	RuleBucketDecreased Rule = "bucket_decreased"
	// RuleMinimumRose: the smallest sample ever became larger.
	RuleMinimumRose Rule = "minimum_rose"
	// RuleMaximumFell: the largest sample ever became smaller.
	RuleMaximumFell Rule = "maximum_fell"
	// RuleSSDFell: the sum of squared deviations became smaller.
	RuleSSDFell Rule = "ssd_fell"
	// RuleSeries: all snapshots together have more series than
	// [Settings.MaxPoints].
	RuleSeries Rule = "series"
)

// Outcome is how a pull ends whose answer breaks the rule.
func (r Rule) Outcome() sandbox.Outcome {
	switch r {
	case RuleFormat, RuleNotSnapshot:
		return sandbox.Malformed
	case RuleSize, RulePoints:
		return sandbox.Oversize
	}
	return sandbox.Rejected
}

// Violation is a rule that an answer broke.
type Violation struct {
	Rule Rule
	// Metric is the Prometheus name without prefix, as the sandbox gave it, and
	// perhaps shortened; empty where the rule is about the whole answer.
	Metric string
	// Detail says more.
	Detail string
	// Err is the [jsonscan.Error] behind RuleFormat and RuleSize.
	Err error
}

func (v *Violation) Error() string {
	var text strings.Builder
	text.WriteString("snapshot refused (" + string(v.Rule) + ")")
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

func (v *Violation) Unwrap() error { return v.Err }

// Refusal is the sandbox's own text for why it does not answer.
type Refusal struct {
	Text string
}

func (r *Refusal) Error() string { return fmt.Sprintf("the sandbox refused: %q", r.Text) }

// failure makes a [sandbox.Failure] of what ended the reading.
func failure(err error) error {
	var violation *Violation
	if errors.As(err, &violation) {
		return sandbox.Fail(violation.Rule.Outcome(), violation)
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return sandbox.Fail(sandbox.Refused, refusal)
	}
	is := func(classes ...error) bool {
		for _, class := range classes {
			if errors.Is(err, class) {
				return true
			}
		}
		return false
	}
	switch {
	case is(jsonscan.ErrInputSize, jsonscan.ErrTokenSize, jsonscan.ErrDepth):
		return sandbox.Fail(sandbox.Oversize, &Violation{Rule: RuleSize, Err: err})
	case is(os.ErrDeadlineExceeded):
		return sandbox.Fail(sandbox.Timeout, err)
	case is(jsonscan.ErrRead, jsonscan.ErrTruncated):
		return sandbox.Fail(sandbox.Disconnected, err)
	case is(jsonscan.ErrMisuse):
		return sandbox.Fail(sandbox.Internal, err)
	}
	return sandbox.Fail(sandbox.Malformed, &Violation{Rule: RuleFormat, Err: err})
}
