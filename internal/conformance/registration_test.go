package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

type registrationCase struct {
	name, raw, verdict string
	// rule is the rule that the registration violates.
	rule registration.Rule
}

// withKeys returns a registration of one metric with additional keys.
func withKeys(keys string) string {
	return `{"metrics":[{"name":"/a","prometheus_name":"a",` + keys + `"description":"A."}]}`
}

// withName returns a registration of one metric with the given path and name.
func withName(path, name string) string {
	return fmt.Sprintf(`{"metrics":[{"name":%q,"prometheus_name":%q}]}`, path, name)
}

// withTwo returns a registration of two metrics, the second with additional
// keys.
func withTwo(pathA, nameA, pathB, nameB, keys string) string {
	return fmt.Sprintf(`{"metrics":[{"name":%q,"prometheus_name":%q},{"name":%q,"prometheus_name":%q%s}]}`,
		pathA, nameA, pathB, nameB, keys)
}

// withBounds returns a registration of one histogram with n bounds.
func withBounds(n int) string {
	bounds := make([]string, n)
	for i := range bounds {
		bounds[i] = fmt.Sprint(i)
	}
	return withKeys(`"type":1,"distribution_bucket_lower_bounds":[` + strings.Join(bounds, ",") + `],`)
}

var registrationCases = []registrationCase{
	{"valid", baseRegistration, accepted, ""},
	{"empty", `{}`, accepted, ""},
	{"unknown keys", withKeys(`"new":[1],`), accepted, ""},
	{"unknown unit", withKeys(`"units":9,`), accepted, ""},
	{"truncated JSON", `{"metrics":`, rejected, registration.RuleFormat},
	{"number for a metric", `{"metrics":[1]}`, rejected, registration.RuleFormat},
	{"null for a metric", `{"metrics":[null]}`, rejected, registration.RuleFormat},
	{"units of more than 32 bits", withKeys(`"units":2147483648,`), rejected, registration.RuleFormat},
	{"number for sync", withKeys(`"sync":1,`), rejected, registration.RuleFormat},
	{"number for a stage", `{"stages":[1]}`, rejected, registration.RuleFormat},
	{"no name", withName("", "a"), rejected, registration.RuleNoName},
	{"no prometheus_name", withName("/a", ""), rejected, registration.RuleNoName},
	{"reserved prefix meta_", withName("/a", "meta_a"), rejected, registration.RuleReservedName},
	{"upper case", withName("/a", "aB"), rejected, registration.RuleName},
	{"leading digit", withName("/a", "1a"), rejected, registration.RuleName},
	{"leading underscore", withName("/a", "_a"), rejected, registration.RuleName},
	{"duplicate name", withTwo("/a", "a", "/b", "a", ""), rejected, registration.RuleDuplicateMetric},
	{
		"duplicate field", withKeys(`"fields":[{"field_name":"x","allowed_values":["1"]},{"field_name":"x","allowed_values":["1"]}],`),
		rejected, registration.RuleDuplicateField,
	},
	{"field without values", withKeys(`"fields":[{"field_name":"x"}],`), rejected, registration.RuleNoValues},
	{"duplicate value", withKeys(`"fields":[{"field_name":"x","allowed_values":["1","1"]}],`), rejected, registration.RuleDuplicateValue},
	{"one bucket", withBounds(0), rejected, registration.RuleBuckets},
	{"two buckets", withBounds(1), accepted, ""},
	{"256 buckets", withBounds(255), accepted, ""},
	{"257 buckets", withBounds(256), rejected, registration.RuleBuckets},
	{"unknown type", withKeys(`"type":2,`), rejected, registration.RuleType},
}

var stricterRegistrationCases = []registrationCase{
	{"null", `null`, stricter, registration.RuleAbsent},
	{"duplicate key", `{"metrics":[],"metrics":[]}`, stricter, registration.RuleFormat},
	{"key in different case", `{"Metrics":[]}`, stricter, registration.RuleFormat},
	{
		"long description", `{"metrics":[{"name":"/a","prometheus_name":"a","description":"` + strings.Repeat("x", 5000) + `"}]}`,
		stricter, registration.RuleLimit,
	},
	{"letter outside ASCII", withName("/a", "gr\u00fcn"), stricter, registration.RuleName},
	{"path without leading slash", withName("a", "a"), stricter, registration.RulePath},
	{"path below /sandbox", withName("/sandbox/spec", "a"), stricter, registration.RuleReservedName},
	{"duplicate path", withTwo("/a", "a", "/a", "b", ""), stricter, registration.RuleDuplicateMetric},
	{
		"name of a histogram's series", withTwo("/a", "h_count", "/b", "h", `,"type":1,"distribution_bucket_lower_bounds":[1]`),
		stricter, registration.RuleDuplicateMetric,
	},
	{"field without name", withKeys(`"fields":[{"field_name":"","allowed_values":["1"]}],`), stricter, registration.RuleFieldName},
	{"reserved field", withKeys(`"fields":[{"field_name":"sandbox","allowed_values":["1"]}],`), stricter, registration.RuleReservedField},
	{
		"value with comma", withKeys(`"fields":[{"field_name":"x","allowed_values":["1,2"]},{"field_name":"y","allowed_values":["1"]}],`),
		stricter, registration.RuleAmbiguousValue,
	},
	{"descending bounds", withKeys(`"type":1,"distribution_bucket_lower_bounds":[2,1],`), stricter, registration.RuleBounds},
}

// reservedNames returns a case for each name of Prometheus' process collector.
func reservedNames() (cases []registrationCase) {
	for _, name := range []string{
		"process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_virtual_memory_bytes",
		"process_virtual_memory_max_bytes", "process_resident_memory_bytes", "process_heap_bytes",
		"process_start_time_seconds", "process_threads",
	} {
		cases = append(cases, registrationCase{name, withName("/a", name), rejected, registration.RuleReservedName})
	}
	return cases
}

func TestRegistrationVerdicts(t *testing.T) {
	covered := map[registration.Rule]bool{}
	for _, test := range slices.Concat(registrationCases, stricterRegistrationCases, reservedNames()) {
		t.Run(test.name, func(t *testing.T) {
			_, ourErr, upstreamErr := register(t, []byte(test.raw), nil)
			if got := verdict(ourErr, upstreamErr); got != test.verdict {
				t.Fatalf("got: %s, want: %s\nours:   %v\ngVisor: %v", got, test.verdict, ourErr, upstreamErr)
			}
			var broken *registration.Error
			if errors.As(ourErr, &broken) && broken.Rule != test.rule {
				t.Fatalf("got rule %q, want %q", broken.Rule, test.rule)
			}
		})
		if test.verdict == stricter {
			covered[test.rule] = true
		}
	}
	for rule := range StricterRegistrationRules {
		if !covered[rule] {
			t.Errorf("no case shows that rule %s is stricter", rule)
		}
	}
}
