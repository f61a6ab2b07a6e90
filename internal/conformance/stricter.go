package conformance

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
)

// StricterRules are the rules by which this project may refuse a snapshot that
// gVisor's verifier takes, with the reason.
var StricterRules = map[snapshot.Rule]string{
	snapshot.RuleFormat: "encoding/json lets the last of two equal keys win, takes keys in any case, null for " +
		"anything, and U+FFFD for broken text, and the decoder stops looking at the end of the value: two readers " +
		"could see different data in the same bytes",
	snapshot.RuleSize:   "gVisor's client has no limit on bytes, texts and nesting",
	snapshot.RulePoints: "gVisor's client has no limit on points",
	snapshot.RuleSeries: "what is remembered about a sandbox must be bounded",
	snapshot.RuleInteger: "gVisor's verifier takes a whole floating-point number for an integer, but compares the " +
		"integer part, so such a counter may decrease; and it takes a number that is both, and samples of a " +
		"histogram that are floating-point numbers although gVisor only ever counts integers",
	snapshot.RuleSSD:         "gVisor's verifier takes a number that is both an integer and a fraction",
	snapshot.RuleBucketBound: "gVisor's verifier takes a missing bound, and one that is an integer and 0.0, where they happen to be equal",
	snapshot.RuleBucketSum:   "gVisor's verifier lets the number of samples overflow, and then stops comparing minimum and maximum",
}

// StricterRegistrationRules are the rules by which this project may refuse a
// registration that gVisor's verifier takes, with the reason.
var StricterRegistrationRules = map[registration.Rule]string{
	registration.RuleAbsent:          "null means that the sandbox was not asked to register; gVisor's callers look for it themselves",
	registration.RuleFormat:          "as for snapshots",
	registration.RuleLimit:           "what a registration costs must be bounded",
	registration.RuleName:            "gVisor's verifier takes lower-case letters and digits of all scripts, Prometheus does not",
	registration.RulePath:            "the verifier does not look at the path; inside the sandbox gVisor does, by the same expression",
	registration.RuleReservedName:    "the path becomes a name in the naming otel, where /sandbox/ would meet the metrics about the sandbox",
	registration.RuleDuplicateMetric: "two paths that are equal, or a metric called like a part of a histogram, would meet in the output",
	registration.RuleFieldName:       "the output could not carry such a label",
	registration.RuleReservedField:   "the label would meet those that tell sandboxes apart, or the bound of a bucket",
	registration.RuleAmbiguousValue:  "gVisor's verifier tells series apart by their values joined with commas",
	registration.RuleBounds:          "bounds that do not ascend make no histogram",
}
