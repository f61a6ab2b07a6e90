package conformance

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
)

// StricterRules lists the rules by which this project may reject a snapshot
// that gVisor's verifier accepts, each with the reason.
var StricterRules = map[snapshot.Rule]string{
	snapshot.RuleFormat: "encoding/json uses the last of two equal keys, ignores the case of keys, accepts null for " +
		"any type, replaces invalid UTF-8 with U+FFFD and ignores data after the value: two readers could see " +
		"different data in the same bytes",
	snapshot.RuleSize:   "gVisor's client does not limit the number of bytes, the length of strings and the nesting depth",
	snapshot.RulePoints: "gVisor's client does not limit the number of points",
	snapshot.RuleSeries: "the state kept for a sandbox must be bounded",
	snapshot.RuleInteger: "gVisor's verifier accepts a whole floating-point number as an integer but compares only the " +
		"integer part, so such a counter may decrease; it also accepts a number that is both, and floating-point " +
		"samples of a histogram although gVisor only counts integers",
	snapshot.RuleSSD: "gVisor's verifier accepts a number that is both an integer and a fraction",
	snapshot.RuleBucketBound: "gVisor's verifier accepts a missing bound, and one that is both an integer and 0.0, " +
		"if it happens to equal the registered bound",
	snapshot.RuleBucketSum: "gVisor's verifier lets the number of samples overflow and then no longer compares minimum " +
		"and maximum",
}

// StricterRegistrationRules lists the rules by which this project may reject a
// registration that gVisor's verifier accepts, each with the reason.
var StricterRegistrationRules = map[registration.Rule]string{
	registration.RuleAbsent:          "null stands for a missing registration, which gVisor's callers check for themselves",
	registration.RuleFormat:          "see snapshot.RuleFormat",
	registration.RuleLimit:           "the memory used by a registration must be bounded",
	registration.RuleName:            "gVisor's verifier accepts letters and digits of all scripts, Prometheus only ASCII",
	registration.RulePath:            "gVisor checks the path with the same expression, but inside the sandbox and not in the verifier",
	registration.RuleReservedName:    "with naming otel, the path /sandbox/ would collide with the metrics about the sandbox",
	registration.RuleDuplicateMetric: "equal paths, or a metric named like a series of a histogram, would collide in the output",
	registration.RuleFieldName:       "the label would be invalid in the output",
	registration.RuleReservedField:   "the label would collide with those that identify sandboxes, or with the bound of a bucket",
	registration.RuleAmbiguousValue:  "gVisor's verifier identifies series by their values joined with commas",
	registration.RuleBounds:          "bounds that do not ascend do not form a histogram",
}
