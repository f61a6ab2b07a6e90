package snapshot

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// step is one snapshot of a sequence.
type step func(a *answer) *answer

func steps(s ...step) []step { return s }

func TestRules(t *testing.T) {
	known := testRegistration(t)
	odd := []string{"kind", "first", "number", "-1"}
	buckets := func(counts ...uint64) []uint64 { return counts }
	latency := func(total, least, most int64, ssd string, counts ...uint64) step {
		return func(a *answer) *answer {
			return a.histogram("disk_latency", total, least, most, ssd, counts, "mode", "r")
		}
	}
	latencyWith := func(old, replacement string) step {
		return func(a *answer) *answer {
			text := a.histogramText("disk_latency", 9, 2, 7, `{"float":12.5}`, buckets(0, 1, 1, 0))
			require.Contains(t, text, old)
			return a.raw("disk_latency", `,"histogram":`+strings.Replace(text, old, replacement, 1), "mode", "r")
		}
	}
	number := func(name string, value int64, labels ...string) step {
		return func(a *answer) *answer { return a.number(name, value, labels...) }
	}
	raw := func(name, rest string, labels ...string) step {
		return func(a *answer) *answer { return a.raw(name, rest, labels...) }
	}
	entry := func(text string) step { return func(a *answer) *answer { return a.entry(text) } }
	nothing := func(a *answer) *answer { return a }
	taken := func(offset time.Duration) step {
		return func(a *answer) *answer { a.when = moment.Add(offset); return a.number("tasks_open", 1) }
	}
	reads := encoded(known.Find([]byte("disk_reads")).Help)

	for _, test := range []struct {
		name   string
		steps  []step
		rule   Rule // of the last step; empty: taken
		metric string
	}{
		{"nothing", steps(nothing), "", ""},
		{"one of each", steps(
			number("disk_reads", 1), number("tasks_open", 0), number("calls_odd", 3, odd...), latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0),
		), "", ""},

		{"now", steps(taken(0)), "", ""},
		{"from the future", steps(taken(1)), RuleFuture, ""},
		{"ten seconds old", steps(taken(-10 * time.Second)), "", ""},
		{"older", steps(taken(-10*time.Second - 1)), RuleStale, ""},
		{"as old as the last", steps(taken(-time.Second), taken(-time.Second)), "", ""},
		{"older than the last", steps(taken(-time.Second), taken(-time.Second-1)), RuleOrder, ""},

		{"unknown metric", steps(raw("disk_writes", `,"val":{"int":1}`)), RuleUnknownMetric, "disk_writes"},
		{"unknown metric in another case", steps(raw("Disk_reads", `,"val":{"int":1}`)), RuleUnknownMetric, "Disk_reads"},
		{"no metric", steps(entry(`{"val":{"int":1}}`)), RuleUnknownMetric, ""},
		{"no name", steps(entry(`{"metric":{"type":2},"val":{"int":1}}`)), RuleUnknownMetric, ""},
		{"other type", steps(entry(`{"metric":{"name":"disk_reads","type":1,"help":` + reads + `},"val":{"int":1}}`)), RuleType, "disk_reads"},
		{"type zero", steps(entry(`{"metric":{"name":"disk_reads","help":` + reads + `},"val":{"int":1}}`)), RuleType, "disk_reads"},
		{"other help", steps(entry(`{"metric":{"name":"disk_reads","type":2,"help":"x"},"val":{"int":1}}`)), RuleHelp, "disk_reads"},
		{"no help", steps(entry(`{"metric":{"name":"disk_reads","type":2},"val":{"int":1}}`)), RuleHelp, "disk_reads"},
		{"help without escapes", steps(entry(`{"metric":{"name":"disk_reads","type":2,"help":"Reads of <disk> & \"more\"."},"val":{"int":1}}`)), "", ""},
		{"keys in another order", steps(entry(`{"val":{"int":1},"metric":{"help":` + reads + `,"type":2,"name":"disk_reads"}}`)), "", ""},
		{"name with an escape", steps(entry(`{"metric":{"name":"disk_\u0072eads","type":2,"help":` + reads + `},"val":{"int":1}}`)), "", ""},
		{"white space", steps(entry("\n{ \"metric\" : {\"name\":\"disk_reads\",\"type\":2,\"help\":" + reads + "} , \"val\" : { \"int\" : 1 } }")), "", ""},

		{"all labels", steps(number("calls_odd", 1, odd...)), "", ""},
		{"labels in another order", steps(raw("calls_odd", `,"labels":{"number":"3","kind":"second"},"val":{"int":1}`)), "", ""},
		{"a label with an escape", steps(raw("calls_odd", `,"labels":{"number":"\u0033","kind":"second"},"val":{"int":1}`)), "", ""},
		{"no labels", steps(number("calls_odd", 1)), RuleLabelCount, "calls_odd"},
		{"too few labels", steps(number("calls_odd", 1, "kind", "first")), RuleLabelCount, "calls_odd"},
		{"too many labels", steps(number("calls_odd", 1, "kind", "first", "number", "1", "more", "x")), RuleLabelCount, "calls_odd"},
		{"labels where there are no fields", steps(number("disk_reads", 1, "kind", "first")), RuleLabelCount, "disk_reads"},
		{"empty labels where there are no fields", steps(raw("disk_reads", `,"labels":{},"val":{"int":1}`)), "", ""},
		{"other label", steps(number("calls_odd", 1, "kind", "first", "more", "x")), RuleLabelMissing, "calls_odd"},
		{"value not allowed", steps(number("calls_odd", 1, "kind", "first", "number", "7")), RuleLabelValue, "calls_odd"},
		{"value of the other field", steps(number("calls_odd", 1, "kind", "1", "number", "1")), RuleLabelValue, "calls_odd"},
		{"label twice", steps(raw("calls_odd", `,"labels":{"kind":"first","kind":"first"},"val":{"int":1}`)), RuleFormat, "calls_odd"},
		{"label is a number", steps(raw("calls_odd", `,"labels":{"kind":"first","number":1},"val":{"int":1}`)), RuleFormat, ""},
		{"labels are null", steps(raw("disk_reads", `,"labels":null,"val":{"int":1}`)), RuleFormat, ""},
		{"very many labels", steps(func(a *answer) *answer {
			var labels []string
			for i := range 1000 {
				labels = append(labels, fmt.Sprint("k", i), "v")
			}
			return a.number("calls_odd", 1, labels...)
		}), RuleLabelCount, "calls_odd"},

		{"external labels are dropped", steps(raw("disk_reads", `,"external_labels":{"sandbox":"other"},"val":{"int":1}`)), "", ""},
		{"external label is a number", steps(raw("disk_reads", `,"external_labels":{"sandbox":1},"val":{"int":1}`)), RuleFormat, ""},
		{"external label twice", steps(raw("disk_reads", `,"external_labels":{"a":"","a":""},"val":{"int":1}`)), RuleFormat, "disk_reads"},

		{"two combinations", steps(number("calls_odd", 1, odd...), number("calls_odd", 1, "kind", "first", "number", "0")), "", ""},
		{"the same twice", steps(func(a *answer) *answer {
			return a.number("disk_reads", 1).number("tasks_open", 1).number("disk_reads", 1)
		}), RuleDuplicateSeries, "disk_reads"},
		{"the same combination twice", steps(func(a *answer) *answer {
			return a.number("calls_odd", 1, odd...).raw("calls_odd", `,"labels":{"number":"-1","kind":"first"},"val":{"int":2}`)
		}), RuleDuplicateSeries, "calls_odd"},

		{"no value", steps(raw("disk_reads", ``)), RuleValue, "disk_reads"},
		{"no value of a gauge", steps(raw("tasks_open", ``)), RuleValue, "tasks_open"},
		{"no value of a histogram", steps(raw("disk_latency", ``, "mode", "r")), RuleValue, "disk_latency"},
		{"number and histogram", steps(func(a *answer) *answer {
			return a.raw("disk_reads", `,"val":{"int":1},"histogram":`+a.histogramText("disk_latency", 0, 0, 0, `{}`, nil))
		}), RuleValue, "disk_reads"},
		{"histogram and number", steps(func(a *answer) *answer {
			return a.raw("disk_latency", `,"val":{"int":1},"histogram":`+a.histogramText("disk_latency", 9, 2, 7, `{}`, buckets(0, 1, 1, 0)), "mode", "r")
		}), RuleValue, "disk_latency"},
		{"histogram of a counter", steps(func(a *answer) *answer {
			return a.raw("disk_reads", `,"histogram":`+a.histogramText("disk_latency", 0, 0, 0, `{}`, nil))
		}), RuleValue, "disk_reads"},
		{"number of a histogram", steps(number("disk_latency", 1, "mode", "r")), RuleValue, "disk_latency"},
		{"value is null", steps(raw("disk_reads", `,"val":null`)), RuleFormat, ""},

		{"zero", steps(raw("disk_reads", `,"val":{}`)), "", ""},
		{"zero in full", steps(raw("disk_reads", `,"val":{"int":0}`)), "", ""},
		{"a fraction", steps(raw("disk_reads", `,"val":{"float":1.5}`)), RuleInteger, "disk_reads"},
		{"a whole float", steps(raw("disk_reads", `,"val":{"float":2}`)), RuleInteger, "disk_reads"},
		{"a gauge's fraction", steps(raw("tasks_open", `,"val":{"float":1.5}`)), RuleInteger, "tasks_open"},
		{"integer and float", steps(raw("disk_reads", `,"val":{"int":1,"float":1}`)), RuleInteger, "disk_reads"},
		{"integer and zero float", steps(raw("disk_reads", `,"val":{"int":1,"float":0}`)), RuleInteger, "disk_reads"},
		{"integer with fraction", steps(raw("disk_reads", `,"val":{"int":1.0}`)), RuleFormat, ""},
		{"integer as text", steps(raw("disk_reads", `,"val":{"int":"1"}`)), RuleFormat, ""},
		{"the largest integer", steps(number("disk_reads", math.MaxInt64)), "", ""},
		{"larger than the largest", steps(raw("disk_reads", `,"val":{"int":9223372036854775808}`)), RuleFormat, ""},

		{"counter grows", steps(number("disk_reads", 5), number("disk_reads", 6)), "", ""},
		{"counter stays", steps(number("disk_reads", 5), number("disk_reads", 5)), "", ""},
		{"counter decreases", steps(number("disk_reads", 5), number("disk_reads", 4)), RuleCounterDecreased, "disk_reads"},
		{"counter goes to zero", steps(number("disk_reads", 5), number("disk_reads", 0)), RuleCounterDecreased, "disk_reads"},
		{"counter pauses and grows", steps(number("disk_reads", 5), nothing, number("tasks_open", 1), number("disk_reads", 5)), "", ""},
		{"counter pauses and decreases", steps(number("disk_reads", 5), nothing, number("tasks_open", 1), number("disk_reads", 4)), RuleCounterDecreased, "disk_reads"},
		{"counter below zero", steps(number("disk_reads", -1)), RuleCounterDecreased, "disk_reads"},
		{"labeled counter decreases", steps(number("calls_odd", 5, odd...), number("calls_odd", 4, odd...)), RuleCounterDecreased, "calls_odd"},
		{"another label is another counter", steps(number("calls_odd", 5, odd...), number("calls_odd", 4, "kind", "second", "number", "-1")), "", ""},
		{"gauge decreases", steps(number("tasks_open", 5), number("tasks_open", 4)), "", ""},
		{"gauge below zero", steps(number("tasks_open", -1)), "", ""},
		{"gauge of 2⁶³", steps(number("tasks_open", math.MinInt64)), "", ""},

		{"one bucket missing", steps(func(a *answer) *answer {
			return a.histogram("disk_latency", 9, 2, 7, `{}`, buckets(0, 1, 1), "mode", "r")
		}), RuleBucketCount, "disk_latency"},
		{"one bucket too many", steps(func(a *answer) *answer {
			return a.histogram("disk_latency", 9, 2, 7, `{}`, buckets(0, 1, 1, 0, 0), "mode", "r")
		}), RuleBucketCount, "disk_latency"},
		{"no buckets", steps(raw("disk_latency", `,"histogram":{}`, "mode", "r")), RuleBucketCount, "disk_latency"},
		{"very many buckets", steps(func(a *answer) *answer {
			return a.histogram("disk_latency", 9, 2, 7, `{}`, make([]uint64, 1000), "mode", "r")
		}), RuleBucketCount, "disk_latency"},
		{"other bound", steps(latencyWith(`{"int":1000}`, `{"int":1001}`)), RuleBucketBound, "disk_latency"},
		{"bound as float", steps(latencyWith(`{"int":1000}`, `{"float":1000}`)), RuleBucketBound, "disk_latency"},
		{"bound as integer and float", steps(latencyWith(`{"int":1000}`, `{"int":1000,"float":0}`)), RuleBucketBound, "disk_latency"},
		{"bound as text", steps(latencyWith(`{"int":1000}`, `"1000"`)), RuleBucketBound, "disk_latency"},
		{"no bound", steps(latencyWith(`"le":{"int":1000},`, ``)), RuleBucketBound, "disk_latency"},
		{"bound of zero in full", steps(latencyWith(`{"le":{}`, `{"le":{"int":0}`)), "", ""},
		{"last bound as text", steps(latencyWith(`{"le":null`, `{"le":"+Inf"`)), "", ""},
		{"last bound in an object", steps(latencyWith(`{"le":null`, `{"le":{"float":"+Inf"}`)), "", ""},
		{"last bound as a large number", steps(latencyWith(`{"le":null`, `{"le":{"float":1e999}`)), "", ""},
		{"last bound left out", steps(latencyWith(`{"le":null,`, `{`)), "", ""},
		{"ssd as integer", steps(latencyWith(`{"float":12.5}`, `{"int":12}`)), RuleSSD, "disk_latency"},
		{"ssd as integer zero", steps(latencyWith(`{"float":12.5}`, `{"int":0}`)), "", ""},
		{"ssd as integer and float", steps(latencyWith(`{"float":12.5}`, `{"int":0,"float":12.5}`)), RuleSSD, "disk_latency"},
		{"ssd left out", steps(latencyWith(`"ssd":{"float":12.5},`, ``)), "", ""},
		{"total as float", steps(latencyWith(`{"int":9}`, `{"float":9.5}`)), RuleInteger, "disk_latency"},
		{"minimum as float", steps(latencyWith(`{"int":2}`, `{"float":2}`)), RuleInteger, "disk_latency"},
		{"maximum as float", steps(latencyWith(`{"int":7}`, `{"float":7}`)), RuleInteger, "disk_latency"},
		{"bucket below zero", steps(latencyWith(`"n":1`, `"n":-1`)), RuleFormat, ""},
		{"buckets of nearly 2⁶³", steps(latency(0, 0, 0, `{}`, 0, math.MaxInt64, 0, 0)), "", ""},
		{"buckets of 2⁶³", steps(latency(0, 0, 0, `{}`, 0, math.MaxInt64, 1, 0)), RuleBucketSum, "disk_latency"},
		{"one bucket of 2⁶⁴-1", steps(latency(0, 0, 0, `{}`, 0, math.MaxUint64, 1, 0)), RuleBucketSum, "disk_latency"},

		{"histogram grows", steps(latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(10, 1, 8, `{"float":12.6}`, 1, 1, 1, 1)), "", ""},
		{"histogram stays", steps(latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0)), "", ""},
		{"bucket decreases", steps(latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(9, 2, 7, `{"float":12.5}`, 0, 2, 0, 0)), RuleBucketDecreased, "disk_latency"},
		{"bucket pauses and decreases", steps(latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), nothing, latency(9, 2, 7, `{"float":12.5}`, 0, 2, 0, 0)), RuleBucketDecreased, "disk_latency"},
		{"total decreases", steps(latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(8, 2, 7, `{"float":12.5}`, 0, 1, 1, 0)), "", ""},
		{"minimum rises", steps(latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(5, 3, 3, `{}`, 0, 2, 0, 0)), RuleMinimumRose, "disk_latency"},
		{"minimum rises without samples", steps(latency(0, 2, 2, `{}`, 0, 0, 0, 0), latency(5, 3, 3, `{}`, 0, 2, 0, 0)), "", ""},
		{"minimum falls below zero", steps(latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(-3, -5, 2, `{}`, 1, 1, 0, 0)), "", ""},
		{"maximum falls", steps(latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(3, 1, 1, `{}`, 0, 2, 0, 0)), RuleMaximumFell, "disk_latency"},
		{"maximum falls without samples", steps(latency(0, 2, 2, `{}`, 0, 0, 0, 0), latency(1, 1, 1, `{}`, 0, 1, 0, 0)), "", ""},
		{"ssd falls after one sample", steps(latency(2, 2, 2, `{"float":1.5}`, 0, 1, 0, 0), latency(4, 2, 2, `{"float":1.25}`, 0, 2, 0, 0)), "", ""},
		{"ssd falls after two", steps(latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), latency(6, 2, 2, `{"float":1.25}`, 0, 3, 0, 0)), RuleSSDFell, "disk_latency"},
		{"ssd falls to zero", steps(latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), latency(6, 2, 2, `{}`, 0, 3, 0, 0)), RuleSSDFell, "disk_latency"},
		{"another histogram", steps(latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), func(a *answer) *answer {
			return a.histogram("disk_latency", 1, 1, 1, `{}`, buckets(0, 1, 0, 0), "mode", "w")
		}), "", ""},

		{"unknown key in an entry", steps(raw("disk_reads", `,"exemplar":{"x":[1,2]},"val":{"int":1}`)), "", ""},
		{"known key in another case", steps(raw("disk_reads", `,"Val":{"int":2},"val":{"int":1}`)), RuleFormat, ""},
		{"key twice", steps(raw("disk_reads", `,"val":{"int":1},"val":{"int":1}`)), RuleFormat, ""},
		{"key of a number twice", steps(raw("disk_reads", `,"val":{"int":1,"int":2}`)), RuleFormat, ""},
		{"key of a metric twice", steps(entry(`{"metric":{"name":"x","name":"disk_reads","type":2,"help":` + reads + `},"val":{"int":1}}`)), RuleFormat, ""},
		{"entry is null", steps(entry(`null`)), RuleFormat, ""},
		{"entry is an array", steps(entry(`[]`)), RuleFormat, ""},
		{"deep nesting", steps(raw("disk_reads", `,"x":`+strings.Repeat(`[`, 20)+strings.Repeat(`]`, 20)+`,"val":{"int":1}`)), RuleSize, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := NewVerifier(known, Settings{})
			for i, step := range test.steps {
				text := step(newAnswer(known, moment)).String()
				r, err := read(v, text)
				if i < len(test.steps)-1 || test.rule == "" {
					require.NoError(t, err, "step %d: %s", i, text)
					continue
				}
				var violation *Violation
				require.ErrorAs(t, err, &violation, text)
				assert.Equal(t, test.rule, violation.Rule, "%v", err)
				assert.Equal(t, test.metric, violation.Metric, "%v", err)
				assert.Equal(t, test.rule.Outcome(), sandbox.OutcomeOf(err))
				assert.Empty(t, r.Points)
				assert.Zero(t, r.Time)
				assert.Equal(t, min(len(text), 16<<10), r.ResponseSize, "what was read before it was refused")
			}
		})
	}
}

func TestFilter(t *testing.T) {
	known := testRegistration(t)
	v := NewVerifier(known, Settings{Filter: regexp.MustCompile(`^(?:disk_.*)$`)})
	_, err := read(v, newAnswer(known, moment).number("disk_reads", 1).String())
	require.NoError(t, err)
	for _, text := range []string{
		newAnswer(known, moment).number("tasks_open", 1).String(),
		newAnswer(known, moment).raw("tasks_open", `,"labels":{},"val":{}`).String(),
	} {
		_, err = read(v, text)
		var violation *Violation
		require.ErrorAs(t, err, &violation)
		assert.Equal(t, RuleFilter, violation.Rule)
		assert.Equal(t, "tasks_open", violation.Metric)
		assert.Equal(t, sandbox.Rejected, sandbox.OutcomeOf(err))
	}
}

func TestAnyAge(t *testing.T) {
	known := testRegistration(t)
	v := NewVerifier(known, Settings{AnyAge: true})
	_, err := read(v, newAnswer(known, moment.Add(-time.Hour)).String())
	require.NoError(t, err)
	for when, rule := range map[time.Time]Rule{
		moment.Add(time.Nanosecond):                   RuleFuture,
		moment.Add(-time.Hour - time.Nanosecond):      RuleOrder,
		time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC): RuleStale,
	} {
		_, err := read(v, newAnswer(known, when).String())
		var violation *Violation
		require.ErrorAs(t, err, &violation)
		assert.Equal(t, rule, violation.Rule, when)
	}
}

func TestMaxPoints(t *testing.T) {
	known := testRegistration(t)
	settings := Settings{MaxPoints: 2}
	v := NewVerifier(known, settings)
	_, err := read(v, newAnswer(known, moment).number("disk_reads", 1).number("disk_wait", 1).String())
	require.NoError(t, err)
	_, err = read(v, newAnswer(known, moment).number("disk_reads", 1).number("disk_wait", 1).number("tasks_open", 1).String())
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RulePoints, violation.Rule)
	assert.Equal(t, sandbox.Oversize, sandbox.OutcomeOf(err))
	_, err = read(v, newAnswer(known, moment).number("tasks_open", 1).String())
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleSeries, violation.Rule, "never more series than points, in all snapshots together")
}

// TestCanonicalAndAnyEntryAgree reads each entry as gVisor writes it, which
// takes the short way, and with a blank in it, which takes the long way.
func TestCanonicalAndAnyEntryAgree(t *testing.T) {
	known := testRegistration(t)
	for _, build := range []step{
		func(a *answer) *answer { return a.number("disk_reads", 152903) },
		func(a *answer) *answer { return a.number("disk_reads", 999999999999999999) },
		func(a *answer) *answer { return a.number("disk_reads", 1000000000000000000) },
		func(a *answer) *answer { return a.number("tasks_open", 0) },
		func(a *answer) *answer { return a.number("tasks_open", -5) },
		func(a *answer) *answer { return a.number("calls_odd", 7, "kind", "third", "number", "6") },
		func(a *answer) *answer { return a.number("calls_odd", 7, "kind", "third", "number", "7") },
		func(a *answer) *answer { return a.number("calls_odd", 7, "kind", "third", "count", "6") },
		func(a *answer) *answer {
			return a.raw("calls_odd", `,"labels":{"kind":"third","kind":"third"},"val":{}`)
		},
		func(a *answer) *answer { return a.raw("disk_reads", `,"val":{"int":01}`) },
		func(a *answer) *answer { return a.raw("disk_reads", `,"val":{"int":}`) },
		func(a *answer) *answer { return a.raw("disk_reads", `,"val":{"int":1}]`) },
		func(a *answer) *answer { return a.number("link_rx_bytes", 1) },
	} {
		canonical := build(newAnswer(known, moment)).String()
		blank := strings.Replace(canonical, `{"metric":`, `{ "metric":`, 1)
		settings := Settings{Filter: regexp.MustCompile(`^(?:disk_.*|tasks_.*|calls_.*)$`)}
		want, wantErr := read(NewVerifier(known, settings), blank)
		got, err := read(NewVerifier(known, settings), canonical)
		if wantErr != nil {
			require.Error(t, err, canonical)
			var violation, wantViolation *Violation
			require.ErrorAs(t, err, &violation)
			require.ErrorAs(t, wantErr, &wantViolation)
			assert.Equal(t, wantViolation.Rule, violation.Rule, canonical)
			continue
		}
		require.NoError(t, err, canonical)
		assert.Equal(t, shown(want), shown(got))
	}
}

// TestBackslashesAreNeverTakenAsTheyStand has an allowed value that is the same
// as the raw JSON of another text.
func TestBackslashesAreNeverTakenAsTheyStand(t *testing.T) {
	known, err := registration.Parse([]byte(
		`{"metrics":[{"name":"/a","prometheus_name":"a","fields":[{"field_name":"x","allowed_values":["\\b"]}]}]}`), "", registration.Limits{})
	require.NoError(t, err)
	_, err = read(NewVerifier(known, Settings{}), newAnswer(known, moment).number("a", 1, "x", `\b`).String())
	require.NoError(t, err)
	_, err = read(NewVerifier(known, Settings{}), newAnswer(known, moment).raw("a", `,"val":{"int":1}`, "x", "\b").String())
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleLabelValue, violation.Rule)
}

func TestLabelsAreCountedWhileTheyArrive(t *testing.T) {
	known := testRegistration(t)
	var labels []string
	for i := range 65 {
		labels = append(labels, fmt.Sprint("k", i), "v")
	}
	_, err := read(NewVerifier(known, Settings{}), newAnswer(known, moment).number("disk_reads", 1, labels...).String())
	assert.ErrorContains(t, err, "more than 64 labels")
	_, err = read(NewVerifier(known, Settings{}), newAnswer(known, moment).number("disk_reads", 1, labels[2:]...).String())
	assert.ErrorContains(t, err, "64 labels instead of 0")
}

// TestCanonicalEntriesTakeTheShortWay keeps the short way from falling out of
// use unnoticed.
func TestCanonicalEntriesTakeTheShortWay(t *testing.T) {
	known := testRegistration(t)
	for text, short := range map[string]bool{
		newAnswer(known, moment).number("disk_reads", 7).entries[0]:                                     true,
		newAnswer(known, moment).number("tasks_open", 0).entries[0]:                                     true,
		newAnswer(known, moment).number("calls_odd", 7, "kind", "third", "number", "6").entries[0]:      true,
		newAnswer(known, moment).number("tasks_open", -1).entries[0]:                                    false,
		newAnswer(known, moment).histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4)).entries[0]: false,
	} {
		d := decoder{known: known, selection: known.Select(nil), maxPoints: 10}
		d.scan.ResetReader(strings.NewReader("["+text+"]"), scanLimits(1<<20))
		d.scan.OpenArray()
		d.scan.NextElement()
		require.Equal(t, short, d.canonicalEntry(), text)
		if short {
			require.False(t, d.scan.NextElement())
			require.NoError(t, d.scan.Err())
			require.Len(t, d.points, 1)
		}
	}
}

func TestEveryRuleHasAnOutcome(t *testing.T) {
	assert.Equal(t, sandbox.Malformed, RuleNotSnapshot.Outcome())
	assert.Equal(t, sandbox.Oversize, RuleSize.Outcome())
	assert.Equal(t, sandbox.Rejected, RuleHelp.Outcome())
	assert.Equal(t, "counter", registration.Counter.String())
}
