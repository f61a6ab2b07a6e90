package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
)

// Verdicts of the tables.
const (
	taken       = "taken by both"
	refused     = "refused by both"
	strictOurs  = "refused by this project alone"
	panicOfPeer = "gVisor panics"
)

func verdict(ourErr, peerErr error) string {
	switch {
	case errors.Is(peerErr, ErrPanic):
		return panicOfPeer
	case ourErr != nil && peerErr != nil:
		return refused
	case ourErr != nil:
		return strictOurs
	}
	return taken
}

const baseRegistration = `{"metrics":[
	{"name":"/a/count","prometheus_name":"a_count","description":"A <b>.","cumulative":true},
	{"name":"/a/level","prometheus_name":"a_level","description":"Level."},
	{"name":"/b/labeled","prometheus_name":"b_labeled","description":"Labeled.","cumulative":true,
	 "fields":[{"field_name":"x","allowed_values":["1","2","3","4","5","6"]},{"field_name":"y","allowed_values":["one","two"]}]},
	{"name":"/c/spread","prometheus_name":"c_spread","description":"Spread.","cumulative":true,"type":1,
	 "distribution_bucket_lower_bounds":[0,10]}],"stages":["start"]}`

func answerAt(when time.Time, entries ...string) string {
	return fmt.Sprintf(`{"success":true,"err":"","result":{"snapshot":{"when":%q,"data":[%s]}}}`,
		when.Format(time.RFC3339Nano), strings.Join(entries, ","))
}

// Entries of the base registration.
func count(rest string) string {
	return `{"metric":{"name":"a_count","type":2,"help":"A \u003cb\u003e."}` + rest + `}`
}

func level(rest string) string {
	return `{"metric":{"name":"a_level","type":1,"help":"Level."}` + rest + `}`
}

func labeled(labels, rest string) string {
	return `{"metric":{"name":"b_labeled","type":2,"help":"Labeled."},"labels":` + labels + rest + `}`
}

func spread(histogram string) string {
	return `{"metric":{"name":"c_spread","type":3,"help":"Spread."},"histogram":` + histogram + `}`
}

func samples(total, least, most int, ssd string, below, between, above uint64) string {
	return spread(fmt.Sprintf(`{"total":{"int":%d},"min":{"int":%d},"max":{"int":%d},"ssd":%s,"buckets":[{"le":{},"n":%d},{"le":{"int":10},"n":%d},{"le":null,"n":%d}]}`,
		total, least, most, ssd, below, between, above))
}

func TestSnapshotVerdicts(t *testing.T) {
	one := `,"val":{"int":1}`
	// Rules about limits are shown by TestLimitVerdicts.
	seen := map[snapshot.Rule]bool{snapshot.RulePoints: true, snapshot.RuleSeries: true}
	for _, test := range []struct {
		name string
		// answers come one after another; a text that does not begin with
		// {"success" is the list of entries.
		answers []string
		// verdict is about the last, all others are taken by both.
		verdict string
		rule    snapshot.Rule
	}{
		{"empty", []string{``}, taken, ""},
		{"one of each", []string{count(one) + "," + level(one) + "," + labeled(`{"x":"1","y":"one"}`, one) + "," + samples(3, 1, 2, `{"float":0.5}`, 0, 2, 0)}, taken, ""},
		{"keys in another order", []string{`{"val":{"int":1},"metric":{"help":"Level.","name":"a_level","type":1}}`}, taken, ""},
		{"unknown keys", []string{level(`,"new":{"x":[null]}` + one)}, taken, ""},
		{"external labels", []string{level(`,"external_labels":{"x":"y"}` + one)}, taken, ""},
		{"broken external labels", []string{level(`,"external_labels":[1]` + one)}, refused, snapshot.RuleFormat},

		{"unknown metric", []string{`{"metric":{"name":"z","type":2,"help":""},"val":{}}`}, refused, snapshot.RuleUnknownMetric},
		{"other type", []string{`{"metric":{"name":"a_level","type":2,"help":"Level."},"val":{}}`}, refused, snapshot.RuleType},
		{"other help", []string{`{"metric":{"name":"a_level","type":1,"help":"level."},"val":{}}`}, refused, snapshot.RuleHelp},
		{"no metric", []string{`{"val":{}}`}, panicOfPeer, snapshot.RuleUnknownMetric},
		{"null for an entry", []string{`null`}, panicOfPeer, snapshot.RuleFormat},
		{"too few labels", []string{labeled(`{"x":"1"}`, one)}, refused, snapshot.RuleLabelCount},
		{"too many labels", []string{labeled(`{"x":"1","y":"one","z":""}`, one)}, refused, snapshot.RuleLabelCount},
		{"other label", []string{labeled(`{"x":"1","z":"one"}`, one)}, refused, snapshot.RuleLabelMissing},
		{"value not allowed", []string{labeled(`{"x":"1","y":"three"}`, one)}, refused, snapshot.RuleLabelValue},
		{"series twice", []string{labeled(`{"x":"1","y":"one"}`, one) + "," + labeled(`{"y":"one","x":"1"}`, one)}, refused, snapshot.RuleDuplicateSeries},
		{"no value", []string{count(``)}, refused, snapshot.RuleValue},
		{"both values", []string{count(one + `,"histogram":{}`)}, refused, snapshot.RuleValue},
		{"wrong value", []string{spreadAsNumber}, refused, snapshot.RuleValue},
		{"fraction", []string{count(`,"val":{"float":1.5}`)}, refused, snapshot.RuleInteger},
		{"counter grows", []string{count(one), count(one), count(`,"val":{"int":2}`)}, taken, ""},
		{"counter decreases", []string{count(`,"val":{"int":2}`), count(one)}, refused, snapshot.RuleCounterDecreased},
		{"counter is away and decreases", []string{count(`,"val":{"int":2}`), level(one), count(one)}, refused, snapshot.RuleCounterDecreased},
		{"counter below zero", []string{count(`,"val":{"int":-1}`)}, refused, snapshot.RuleCounterDecreased},
		{"gauge below zero", []string{level(`,"val":{"int":-9223372036854775808}`)}, taken, ""},

		{"histogram grows", []string{samples(3, 1, 2, `{"float":0.5}`, 0, 2, 0), samples(6, 1, 3, `{"float":2.5}`, 0, 3, 0)}, taken, ""},
		{"bucket missing", []string{spread(`{"buckets":[{"le":{}},{"le":null}]}`)}, refused, snapshot.RuleBucketCount},
		{"other bound", []string{spread(`{"buckets":[{"le":{"int":1}},{"le":{"int":10}},{"le":null}]}`)}, refused, snapshot.RuleBucketBound},
		{"bound as float", []string{spread(`{"buckets":[{"le":{}},{"le":{"float":10}},{"le":null}]}`)}, refused, snapshot.RuleBucketBound},
		{"ssd as integer", []string{samples(3, 1, 2, `{"int":1}`, 0, 2, 0)}, refused, snapshot.RuleSSD},
		{"bucket decreases", []string{samples(3, 1, 2, `{}`, 0, 2, 0), samples(3, 1, 2, `{}`, 1, 1, 0)}, refused, snapshot.RuleBucketDecreased},
		{"minimum rises", []string{samples(3, 1, 2, `{}`, 0, 1, 0), samples(3, 2, 2, `{}`, 0, 2, 0)}, refused, snapshot.RuleMinimumRose},
		{"maximum falls", []string{samples(3, 1, 2, `{}`, 0, 1, 0), samples(3, 1, 1, `{}`, 0, 2, 0)}, refused, snapshot.RuleMaximumFell},
		{"ssd falls", []string{samples(3, 1, 2, `{"float":1.5}`, 0, 2, 0), samples(3, 1, 2, `{"float":1.4}`, 0, 2, 0)}, refused, snapshot.RuleSSDFell},
		{"ssd falls after one sample", []string{samples(1, 1, 1, `{"float":1.5}`, 0, 1, 0), samples(3, 1, 2, `{"float":1.4}`, 0, 2, 0)}, taken, ""},
		{"minimum rises without samples", []string{samples(0, 1, 2, `{}`, 0, 0, 0), samples(3, 2, 2, `{}`, 0, 1, 0)}, taken, ""},
		{"last bound as text", []string{spread(`{"buckets":[{"le":{}},{"le":{"int":10}},{"le":"+Inf"}]}`)}, taken, ""},

		{"call failed", []string{`{"success":false,"err":"no","result":null}`}, refused, ""},
		{"not JSON", []string{`{"success":true`}, refused, ""},
		{"no snapshot", []string{`{"success":true,"result":{"event":{}}}`}, refused, snapshot.RuleNotSnapshot},
		{"no time", []string{`{"success":true,"result":{"snapshot":{"data":[]}}}`}, refused, snapshot.RuleNotSnapshot},

		// Where this project is stricter.
		{"key twice", []string{count(`,"val":{"int":1},"val":{"int":2}`)}, strictOurs, snapshot.RuleFormat},
		{"key in another case", []string{count(`,"Val":{"int":1}`)}, strictOurs, snapshot.RuleFormat},
		{"null for labels", []string{count(`,"labels":null` + one)}, strictOurs, snapshot.RuleFormat},
		{"null for data", []string{strings.Replace(`{"success":true,"result":{"snapshot":{"when":"NOW","data":null}}}`, "NOW", "2000-01-01T00:00:00Z", 1)}, strictOurs, snapshot.RuleFormat},
		{"something behind", []string{`{"success":true,"result":{"snapshot":{"when":"2000-01-01T00:00:00Z"}}} {}`}, strictOurs, snapshot.RuleFormat},
		{"broken text", []string{level(",\"new\":\"\xff\"" + one)}, strictOurs, snapshot.RuleFormat},
		{"deep nesting", []string{level(`,"new":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + one)}, strictOurs, snapshot.RuleSize},
		{"whole float", []string{count(`,"val":{"float":2}`)}, strictOurs, snapshot.RuleInteger},
		{"integer and float of a gauge", []string{level(`,"val":{"int":1,"float":2}`)}, strictOurs, snapshot.RuleInteger},
		{"integer and float of a counter", []string{count(`,"val":{"int":1,"float":2}`)}, refused, snapshot.RuleInteger},
		{"total as float", []string{spread(`{"total":{"float":1.5},"buckets":[{"le":{}},{"le":{"int":10}},{"le":null}]}`)}, strictOurs, snapshot.RuleInteger},
		{"ssd as integer and fraction", []string{samples(3, 1, 2, `{"int":1,"float":1.5}`, 0, 2, 0)}, strictOurs, snapshot.RuleSSD},
		{"bound missing", []string{spread(`{"buckets":[{},{"le":{"int":10}},{"le":null}]}`)}, strictOurs, snapshot.RuleBucketBound},
		{"bound as integer and 0.0", []string{spread(`{"buckets":[{"le":{}},{"le":{"int":10,"float":0}},{"le":null}]}`)}, strictOurs, snapshot.RuleBucketBound},
		{"samples overflow", []string{samples(3, 1, 2, `{}`, 1<<63, 1<<63, 0)}, strictOurs, snapshot.RuleBucketSum},

		{"whole ssd", []string{samples(3, 1, 2, `{"float":2}`, 0, 2, 0), samples(3, 1, 2, `{"float":2}`, 0, 2, 0)}, panicOfPeer, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Here time stands still, at 2000-01-01.
			synctest.Test(t, func(t *testing.T) {
				p, ourErr, peerErr := register(t, []byte(baseRegistration), nil)
				if ourErr != nil || peerErr != nil {
					t.Fatal(ourErr, peerErr)
				}
				for i, text := range test.answers {
					if !strings.HasPrefix(text, `{"success"`) {
						text = answerAt(time.Now(), text)
					}
					_, ourErr, peerErr := p.read(t, []byte(text))
					want := taken
					if i == len(test.answers)-1 {
						want = test.verdict
					}
					if got := verdict(ourErr, peerErr); got != want {
						t.Fatalf("answer %d: %s, expected: %s\nours:   %v\ngVisor: %v", i, got, want, ourErr, peerErr)
					}
					var violation *snapshot.Violation
					if errors.As(ourErr, &violation) && violation.Rule != test.rule {
						t.Fatalf("rule %s, expected %s: %v", violation.Rule, test.rule, ourErr)
					}
				}
			})
		})
		if test.verdict == strictOurs {
			seen[test.rule] = true
		}
	}
	for rule := range StricterRules {
		if !seen[rule] {
			t.Errorf("no case shows that %s is stricter", rule)
		}
	}
}

const spreadAsNumber = `{"metric":{"name":"c_spread","type":3,"help":"Spread."},"val":{"int":1}}`

func TestTimeVerdicts(t *testing.T) {
	for _, test := range []struct {
		name    string
		ages    []time.Duration
		verdict string
		rule    snapshot.Rule
	}{
		{"now", []time.Duration{0}, taken, ""},
		{"from the future", []time.Duration{-1}, refused, snapshot.RuleFuture},
		{"ten seconds old", []time.Duration{10 * time.Second}, taken, ""},
		{"older", []time.Duration{10*time.Second + 1}, refused, snapshot.RuleStale},
		{"the same twice", []time.Duration{5, 5}, taken, ""},
		{"older than the last", []time.Duration{5, 6}, refused, snapshot.RuleOrder},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, _, _ := register(t, []byte(baseRegistration), nil)
			for i, age := range test.ages {
				_, ourErr, peerErr := p.read(t, []byte(answerAt(time.Now().Add(-age))))
				want := taken
				if i == len(test.ages)-1 {
					want = test.verdict
				}
				if got := verdict(ourErr, peerErr); got != want {
					t.Errorf("%s: answer %d: %s, expected: %s (%v, %v)", test.name, i, got, want, ourErr, peerErr)
				}
				var violation *snapshot.Violation
				if errors.As(ourErr, &violation) && violation.Rule != test.rule {
					t.Errorf("%s: rule %s, expected %s", test.name, violation.Rule, test.rule)
				}
			}
		})
	}
}

func TestFilterVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := register(t, []byte(baseRegistration), regexp.MustCompile(`^(?:a_count)$`))
		for entry, want := range map[string]string{
			count(`,"val":{"int":1}`): taken,
			level(`,"val":{"int":1}`): refused,
		} {
			_, ourErr, peerErr := p.read(t, []byte(answerAt(time.Now(), entry)))
			if got := verdict(ourErr, peerErr); got != want {
				t.Errorf("%s: %s, expected: %s (%v, %v)", entry, got, want, ourErr, peerErr)
			}
		}
	})
}

func TestRegistrationVerdicts(t *testing.T) {
	metric := func(keys string) string {
		return `{"metrics":[{"name":"/a","prometheus_name":"a",` + keys + `"description":"A."}]}`
	}
	named := func(path, name string) string {
		return fmt.Sprintf(`{"metrics":[{"name":%q,"prometheus_name":%q}]}`, path, name)
	}
	two := func(pathA, nameA, pathB, nameB, more string) string {
		return fmt.Sprintf(`{"metrics":[{"name":%q,"prometheus_name":%q},{"name":%q,"prometheus_name":%q%s}]}`, pathA, nameA, pathB, nameB, more)
	}
	bounds := func(n int) string {
		text := ""
		for i := range n {
			text += fmt.Sprintf(",%d", i)
		}
		return `"type":1,"distribution_bucket_lower_bounds":[` + strings.TrimPrefix(text, ",") + `],`
	}
	cases := []struct {
		name, raw, verdict string
		rule               registration.Rule
	}{
		{"base", baseRegistration, taken, ""},
		{"empty", `{}`, taken, ""},
		{"unknown keys", metric(`"new":[1],`), taken, ""},
		{"unknown unit", metric(`"units":9,`), taken, ""},
		{"not JSON", `{"metrics":`, refused, registration.RuleFormat},
		{"metric of another kind", `{"metrics":[1]}`, refused, registration.RuleFormat},
		{"null for a metric", `{"metrics":[null]}`, refused, registration.RuleFormat},
		{"units of more than 32 bits", metric(`"units":2147483648,`), refused, registration.RuleFormat},
		{"sync of another kind", metric(`"sync":1,`), refused, registration.RuleFormat},
		{"stages of another kind", `{"stages":[1]}`, refused, registration.RuleFormat},
		{"no name", named("", "a"), refused, registration.RuleNoName},
		{"no prometheus_name", named("/a", ""), refused, registration.RuleNoName},
		{"meta_", named("/a", "meta_a"), refused, registration.RuleReservedName},
		{"capital", named("/a", "aB"), refused, registration.RuleName},
		{"leading digit", named("/a", "1a"), refused, registration.RuleName},
		{"leading underscore", named("/a", "_a"), refused, registration.RuleName},
		{"same name", two("/a", "a", "/b", "a", ""), refused, registration.RuleDuplicateMetric},
		{"field twice", metric(`"fields":[{"field_name":"x","allowed_values":["1"]},{"field_name":"x","allowed_values":["1"]}],`), refused, registration.RuleDuplicateField},
		{"no values", metric(`"fields":[{"field_name":"x"}],`), refused, registration.RuleNoValues},
		{"value twice", metric(`"fields":[{"field_name":"x","allowed_values":["1","1"]}],`), refused, registration.RuleDuplicateValue},
		{"one bucket", metric(bounds(0)), refused, registration.RuleBuckets},
		{"two buckets", metric(bounds(1)), taken, ""},
		{"256 buckets", metric(bounds(255)), taken, ""},
		{"257 buckets", metric(bounds(256)), refused, registration.RuleBuckets},
		{"other type", metric(`"type":2,`), refused, registration.RuleType},

		{"null", `null`, strictOurs, registration.RuleAbsent},
		{"key twice", `{"metrics":[],"metrics":[]}`, strictOurs, registration.RuleFormat},
		{"key in another case", `{"Metrics":[]}`, strictOurs, registration.RuleFormat},
		{"long description", `{"metrics":[{"name":"/a","prometheus_name":"a","description":"` + strings.Repeat("x", 5000) + `"}]}`, strictOurs, registration.RuleLimit},
		{"letters beyond ASCII", named("/a", "gr\u00fcn"), strictOurs, registration.RuleName},
		{"path without slash", named("a", "a"), strictOurs, registration.RulePath},
		{"path of the sandbox", named("/sandbox/spec", "a"), strictOurs, registration.RuleReservedName},
		{"same path", two("/a", "a", "/a", "b", ""), strictOurs, registration.RuleDuplicateMetric},
		{"part of a histogram", two("/a", "h_count", "/b", "h", `,"type":1,"distribution_bucket_lower_bounds":[1]`), strictOurs, registration.RuleDuplicateMetric},
		{"field without name", metric(`"fields":[{"field_name":"","allowed_values":["1"]}],`), strictOurs, registration.RuleFieldName},
		{"reserved field", metric(`"fields":[{"field_name":"sandbox","allowed_values":["1"]}],`), strictOurs, registration.RuleReservedField},
		{"value with comma", metric(`"fields":[{"field_name":"x","allowed_values":["1,2"]},{"field_name":"y","allowed_values":["1"]}],`), strictOurs, registration.RuleAmbiguousValue},
		{"descending bounds", metric(`"type":1,"distribution_bucket_lower_bounds":[2,1],`), strictOurs, registration.RuleBounds},
	}
	for _, suffix := range []string{"cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes", "virtual_memory_max_bytes", "resident_memory_bytes", "heap_bytes", "start_time_seconds", "threads"} {
		cases = append(cases, struct {
			name, raw, verdict string
			rule               registration.Rule
		}{"process_" + suffix, named("/a", "process_"+suffix), refused, registration.RuleReservedName})
	}
	seen := map[registration.Rule]bool{}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, ourErr, peerErr := register(t, []byte(test.raw), nil)
			if got := verdict(ourErr, peerErr); got != test.verdict {
				t.Fatalf("%s, expected: %s\nours:   %v\ngVisor: %v", got, test.verdict, ourErr, peerErr)
			}
			var broken *registration.Error
			if errors.As(ourErr, &broken) && broken.Rule != test.rule {
				t.Fatalf("rule %s, expected %s", broken.Rule, test.rule)
			}
		})
		if test.verdict == strictOurs {
			seen[test.rule] = true
		}
	}
	for rule := range StricterRegistrationRules {
		if !seen[rule] {
			t.Errorf("no case shows that %s is stricter", rule)
		}
	}
}

// TestLimitVerdicts shows the limits that are too long for a table.
func TestLimitVerdicts(t *testing.T) {
	wide := func(n int) string {
		var values []string
		for i := range n {
			values = append(values, fmt.Sprintf("%q", fmt.Sprint(i)))
		}
		return `{"metrics":[{"name":"/a","prometheus_name":"a","cumulative":true,"fields":[{"field_name":"x","allowed_values":[` + strings.Join(values, ",") + `]},{"field_name":"y","allowed_values":["0","1"]}]}]}`
	}
	entries := func(from, to int) string {
		var texts []string
		for i := from; i < to; i++ {
			texts = append(texts, fmt.Sprintf(`{"metric":{"name":"a","type":2,"help":""},"labels":{"x":"%d","y":"%d"},"val":{"int":1}}`, i/2, i%2))
		}
		return strings.Join(texts, ",")
	}
	for _, test := range []struct {
		name    string
		answers []string
		rule    snapshot.Rule
	}{
		{"points", []string{entries(0, 8193)}, snapshot.RulePoints},
		{"series", []string{entries(0, 8000), entries(8000, 8193)}, snapshot.RuleSeries},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, ourErr, peerErr := register(t, []byte(wide(5000)), nil)
			if ourErr != nil || peerErr != nil {
				t.Fatal(ourErr, peerErr)
			}
			for i, text := range test.answers {
				_, ourErr, peerErr = p.read(t, []byte(answerAt(time.Now(), text)))
				if last := i == len(test.answers)-1; !last && verdict(ourErr, peerErr) != taken {
					t.Fatal(ourErr, peerErr)
				}
			}
			var violation *snapshot.Violation
			if verdict(ourErr, peerErr) != strictOurs || !errors.As(ourErr, &violation) || violation.Rule != test.rule {
				t.Errorf("%s: %v, gVisor: %v", test.name, ourErr, peerErr)
			}
		})
	}
}

// TestCapturedVerdicts needs the captures, which a checkout alone does not have.
func TestCapturedVerdicts(t *testing.T) {
	paths, _ := filepath.Glob("../../../shared/gvisor/*.response.json")
	if len(paths) == 0 {
		t.Skip("no captures here")
	}
	data, err := os.ReadFile("../../../shared/gvisor/registered-metrics.response.json")
	if err != nil {
		t.Fatal(err)
	}
	var registered struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	if err := json.Unmarshal(data, &registered); err != nil {
		t.Fatal(err)
	}
	raw := registered.Result.RegisteredMetrics
	when := regexp.MustCompile(`"when":"[^"]*"`)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			p, ourErr, peerErr := register(t, raw, nil)
			if ourErr != nil || peerErr != nil {
				t.Fatal(ourErr, peerErr)
			}
			data := when.ReplaceAll(data, []byte(`"when":"`+time.Now().Format(time.RFC3339Nano)+`"`))
			want := refused
			if strings.HasSuffix(path, ".export.response.json") && !strings.Contains(path, "bad-regex") {
				want = taken
			}
			_, ourErr, peerErr = p.read(t, data)
			if got := verdict(ourErr, peerErr); got != want {
				t.Errorf("%s: %s, expected: %s (%v, %v)", filepath.Base(path), got, want, ourErr, peerErr)
			}
		})
	}
}
