package conformance

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
)

// snapshotCase passes responses to both verifiers, one after another.
type snapshotCase struct {
	name string
	// responses are complete if they begin with {"success", and lists of entries
	// otherwise.
	responses []string
	// verdict is that of the last response. Both verifiers accept the others.
	verdict string
	// rule is the rule that the last response violates.
	rule snapshot.Rule
}

var entryCases = []snapshotCase{
	{"empty", []string{``}, accepted, ""},
	{"one of each", []string{
		count(one) + "," + level(one) + "," + labeled(labels, one) + "," + samples(3, 1, 2, `{"float":0.5}`, 0, 2, 0),
	}, accepted, ""},
	{"keys in another order", []string{`{"val":{"int":1},"metric":{"help":"Level.","name":"a_level","type":1}}`}, accepted, ""},
	{"unknown keys", []string{level(`,"new":{"x":[null]}` + one)}, accepted, ""},
	{"external labels", []string{level(`,"external_labels":{"x":"y"}` + one)}, accepted, ""},
	{"malformed external labels", []string{level(`,"external_labels":[1]` + one)}, rejected, snapshot.RuleFormat},

	{"unknown metric", []string{`{"metric":{"name":"z","type":2,"help":""},"val":{}}`}, rejected, snapshot.RuleUnknownMetric},
	{"different type", []string{`{"metric":{"name":"a_level","type":2,"help":"Level."},"val":{}}`}, rejected, snapshot.RuleType},
	{"different help", []string{`{"metric":{"name":"a_level","type":1,"help":"level."},"val":{}}`}, rejected, snapshot.RuleHelp},
	{"no metric", []string{`{"val":{}}`}, upstreamPanicked, snapshot.RuleUnknownMetric},
	{"null entry", []string{`null`}, upstreamPanicked, snapshot.RuleFormat},
	{"missing label", []string{labeled(`{"x":"1"}`, one)}, rejected, snapshot.RuleLabelCount},
	{"additional label", []string{labeled(`{"x":"1","y":"one","z":""}`, one)}, rejected, snapshot.RuleLabelCount},
	{"unknown label", []string{labeled(`{"x":"1","z":"one"}`, one)}, rejected, snapshot.RuleLabelMissing},
	{"label value not allowed", []string{labeled(`{"x":"1","y":"three"}`, one)}, rejected, snapshot.RuleLabelValue},
	{"duplicate series", []string{
		labeled(labels, one) + "," + labeled(`{"y":"one","x":"1"}`, one),
	}, rejected, snapshot.RuleDuplicateSeries},

	{"no value", []string{count(``)}, rejected, snapshot.RuleValue},
	{"number and histogram", []string{count(one + `,"histogram":{}`)}, rejected, snapshot.RuleValue},
	{"number for a histogram", []string{spreadAsNumber}, rejected, snapshot.RuleValue},
	{"fraction", []string{count(`,"val":{"float":1.5}`)}, rejected, snapshot.RuleInteger},
	{"counter increases", []string{count(one), count(one), count(two)}, accepted, ""},
	{"counter decreases", []string{count(two), count(one)}, rejected, snapshot.RuleCounterDecreased},
	{"counter decreases after an omission", []string{count(two), level(one), count(one)}, rejected, snapshot.RuleCounterDecreased},
	{"counter below zero", []string{count(`,"val":{"int":-1}`)}, rejected, snapshot.RuleCounterDecreased},
	{"gauge below zero", []string{level(`,"val":{"int":-9223372036854775808}`)}, accepted, ""},
}

var histogramCases = []snapshotCase{
	{"histogram increases", []string{
		samples(3, 1, 2, `{"float":0.5}`, 0, 2, 0), samples(6, 1, 3, `{"float":2.5}`, 0, 3, 0),
	}, accepted, ""},
	{"missing bucket", []string{spread(`{"buckets":[{"le":{}},{"le":null}]}`)}, rejected, snapshot.RuleBucketCount},
	{"different bound", []string{
		spread(`{"buckets":[{"le":{"int":1}},{"le":{"int":10}},{"le":null}]}`),
	}, rejected, snapshot.RuleBucketBound},
	{"bound as float", []string{
		spread(`{"buckets":[{"le":{}},{"le":{"float":10}},{"le":null}]}`),
	}, rejected, snapshot.RuleBucketBound},
	{"ssd as integer", []string{samples(3, 1, 2, `{"int":1}`, 0, 2, 0)}, rejected, snapshot.RuleSSD},
	{"bucket decreases", []string{
		samples(3, 1, 2, `{}`, 0, 2, 0), samples(3, 1, 2, `{}`, 1, 1, 0),
	}, rejected, snapshot.RuleBucketDecreased},
	{"minimum increases", []string{samples(3, 1, 2, `{}`, 0, 1, 0), samples(3, 2, 2, `{}`, 0, 2, 0)}, rejected, snapshot.RuleMinimumRose},
	{"maximum decreases", []string{samples(3, 1, 2, `{}`, 0, 1, 0), samples(3, 1, 1, `{}`, 0, 2, 0)}, rejected, snapshot.RuleMaximumFell},
	{"ssd decreases", []string{
		samples(3, 1, 2, `{"float":1.5}`, 0, 2, 0), samples(3, 1, 2, `{"float":1.4}`, 0, 2, 0),
	}, rejected, snapshot.RuleSSDFell},
	{"ssd decreases after one sample", []string{
		samples(1, 1, 1, `{"float":1.5}`, 0, 1, 0), samples(3, 1, 2, `{"float":1.4}`, 0, 2, 0),
	}, accepted, ""},
	{"minimum increases after no samples", []string{samples(0, 1, 2, `{}`, 0, 0, 0), samples(3, 2, 2, `{}`, 0, 1, 0)}, accepted, ""},
	{"last bound as string", []string{spread(`{"buckets":[{"le":{}},{"le":{"int":10}},{"le":"+Inf"}]}`)}, accepted, ""},
	{"whole ssd", []string{
		samples(3, 1, 2, `{"float":2}`, 0, 2, 0), samples(3, 1, 2, `{"float":2}`, 0, 2, 0),
	}, upstreamPanicked, ""},
}

var envelopeCases = []snapshotCase{
	{"call failed", []string{`{"success":false,"err":"no","result":null}`}, rejected, ""},
	{"truncated JSON", []string{`{"success":true`}, rejected, ""},
	{"no snapshot", []string{`{"success":true,"result":{"event":{}}}`}, rejected, snapshot.RuleNotSnapshot},
	{"no time", []string{`{"success":true,"result":{"snapshot":{"data":[]}}}`}, rejected, snapshot.RuleNotSnapshot},
}

var stricterCases = []snapshotCase{
	{"duplicate key", []string{count(`,"val":{"int":1},"val":{"int":2}`)}, stricter, snapshot.RuleFormat},
	{"key in different case", []string{count(`,"Val":{"int":1}`)}, stricter, snapshot.RuleFormat},
	{"null for labels", []string{count(`,"labels":null` + one)}, stricter, snapshot.RuleFormat},
	{"null for data", []string{
		`{"success":true,"result":{"snapshot":{"when":"2000-01-01T00:00:00Z","data":null}}}`,
	}, stricter, snapshot.RuleFormat},
	{"data after the value", []string{
		`{"success":true,"result":{"snapshot":{"when":"2000-01-01T00:00:00Z"}}} {}`,
	}, stricter, snapshot.RuleFormat},
	{"invalid UTF-8", []string{level(",\"new\":\"\xff\"" + one)}, stricter, snapshot.RuleFormat},
	{"deep nesting", []string{
		level(`,"new":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + one),
	}, stricter, snapshot.RuleSize},
	{"whole float", []string{count(`,"val":{"float":2}`)}, stricter, snapshot.RuleInteger},
	{"integer and float of a gauge", []string{level(`,"val":{"int":1,"float":2}`)}, stricter, snapshot.RuleInteger},
	{"integer and float of a counter", []string{count(`,"val":{"int":1,"float":2}`)}, rejected, snapshot.RuleInteger},
	{"total as float", []string{
		spread(`{"total":{"float":1.5},"buckets":[{"le":{}},{"le":{"int":10}},{"le":null}]}`),
	}, stricter, snapshot.RuleInteger},
	{"ssd as integer and fraction", []string{samples(3, 1, 2, `{"int":1,"float":1.5}`, 0, 2, 0)}, stricter, snapshot.RuleSSD},
	{"missing bound", []string{spread(`{"buckets":[{},{"le":{"int":10}},{"le":null}]}`)}, stricter, snapshot.RuleBucketBound},
	{"bound as integer and 0.0", []string{
		spread(`{"buckets":[{"le":{}},{"le":{"int":10,"float":0}},{"le":null}]}`),
	}, stricter, snapshot.RuleBucketBound},
	{"number of samples overflows", []string{samples(3, 1, 2, `{}`, 1<<63, 1<<63, 0)}, stricter, snapshot.RuleBucketSum},
}

func TestSnapshotVerdicts(t *testing.T) {
	// TestLimitVerdicts covers the limits.
	covered := map[snapshot.Rule]bool{snapshot.RulePoints: true, snapshot.RuleSeries: true}
	for _, test := range slices.Concat(entryCases, histogramCases, envelopeCases, stricterCases) {
		t.Run(test.name, func(t *testing.T) {
			// The clock of the bubble stands still at 2000-01-01.
			synctest.Test(t, func(t *testing.T) { checkSnapshots(t, test) })
		})
		if test.verdict == stricter {
			covered[test.rule] = true
		}
	}
	for rule := range StricterRules {
		if !covered[rule] {
			t.Errorf("no case shows that rule %s is stricter", rule)
		}
	}
}

func checkSnapshots(t *testing.T, test snapshotCase) {
	t.Helper()
	p, ourErr, upstreamErr := register(t, []byte(baseRegistration), nil)
	if ourErr != nil || upstreamErr != nil {
		t.Fatal(ourErr, upstreamErr)
	}
	for i, text := range test.responses {
		if !strings.HasPrefix(text, `{"success"`) {
			text = responseAt(time.Now(), text)
		}
		_, ourErr, upstreamErr := p.read(t, []byte(text))
		want := accepted
		if i == len(test.responses)-1 {
			want = test.verdict
		}
		checkVerdict(t, ourErr, upstreamErr, want, test.rule)
	}
}

func TestTimeVerdicts(t *testing.T) {
	for _, test := range []struct {
		name    string
		ages    []time.Duration
		verdict string
		rule    snapshot.Rule
	}{
		{"now", []time.Duration{0}, accepted, ""},
		{"in the future", []time.Duration{-1}, rejected, snapshot.RuleFuture},
		{"ten seconds old", []time.Duration{10 * time.Second}, accepted, ""},
		{"more than ten seconds old", []time.Duration{10*time.Second + 1}, rejected, snapshot.RuleStale},
		{"same time twice", []time.Duration{5, 5}, accepted, ""},
		{"older than the previous", []time.Duration{5, 6}, rejected, snapshot.RuleOrder},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _, _ := register(t, []byte(baseRegistration), nil)
				for i, age := range test.ages {
					_, ourErr, upstreamErr := p.read(t, []byte(responseAt(time.Now().Add(-age))))
					want := accepted
					if i == len(test.ages)-1 {
						want = test.verdict
					}
					checkVerdict(t, ourErr, upstreamErr, want, test.rule)
				}
			})
		})
	}
}

func TestFilterVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := register(t, []byte(baseRegistration), regexp.MustCompile(`^(?:a_count)$`))
		for entry, want := range map[string]string{count(one): accepted, level(one): rejected} {
			_, ourErr, upstreamErr := p.read(t, []byte(responseAt(time.Now(), entry)))
			if got := verdict(ourErr, upstreamErr); got != want {
				t.Errorf("%s: got: %s, want: %s (%v, %v)", entry, got, want, ourErr, upstreamErr)
			}
		}
	})
}
