package snapshot

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// step adds the content of one snapshot of a sequence to an empty response.
type step func(r *response) *response

// ruleTest is a sequence of snapshots, all of which are valid except for the last
// one, if a rule is set.
type ruleTest struct {
	name  string
	steps []step
	rule  Rule
	// metric is the metric of the violation.
	metric string
}

func valid(name string, steps ...step) ruleTest { return ruleTest{name: name, steps: steps} }

func invalid(name string, rule Rule, metric string, steps ...step) ruleTest {
	return ruleTest{name, steps, rule, metric}
}

func runRules(t *testing.T, tests []ruleTest) {
	t.Helper()
	reg := testRegistration(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// A pooled decoder whose window an earlier test has enlarged would read
			// more at once.
			decoderPool = sync.Pool{New: decoderPool.New}
			v := NewVerifier(reg, Settings{})
			for i, step := range test.steps {
				text := step(newResponse(reg, testTime)).String()
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
				assert.Equal(t, min(len(text), 16<<10), r.ResponseSize, "bytes read before the violation")
			}
		})
	}
}

func TestTimeRules(t *testing.T)       { runRules(t, timeRules) }
func TestDefinitionRules(t *testing.T) { runRules(t, definitionRules) }
func TestStructureRules(t *testing.T)  { runRules(t, structureRules) }
func TestLabelRules(t *testing.T)      { runRules(t, labelRules) }

func value(name string, n int64, labels ...string) step {
	return func(r *response) *response { return r.number(name, n, labels...) }
}

func raw(name, rest string, labels ...string) step {
	return func(r *response) *response { return r.raw(name, rest, labels...) }
}

func entryJSON(text string) step {
	return func(r *response) *response { return r.entry(text) }
}

func nothing(r *response) *response { return r }

// taken returns a step with a snapshot taken at an offset from the current time.
func taken(offset time.Duration) step {
	return func(r *response) *response { r.when = testTime.Add(offset); return r.number("tasks_open", 1) }
}

// oddLabels are valid labels of calls_odd.
var oddLabels = []string{"kind", "first", "number", "-1"}

// manyLabels returns n labels.
func manyLabels(n int) (labels []string) {
	for i := range n {
		labels = append(labels, fmt.Sprint("k", i), "v")
	}
	return labels
}

// readsHelp is the registered help of disk_reads as JSON.
const readsHelp = `"Reads of \u003cdisk\u003e \u0026 \"more\"."`

// timeRules are about the time of the snapshot.
var timeRules = []ruleTest{
	valid("current time", taken(0)),
	invalid("time in the future", RuleFuture, "", taken(1)),
	valid("ten seconds old", taken(-10*time.Second)),
	invalid("older than ten seconds", RuleStale, "", taken(-10*time.Second-1)),
	valid("same time as the previous snapshot", taken(-time.Second), taken(-time.Second)),
	invalid("older than the previous snapshot", RuleOrder, "", taken(-time.Second), taken(-time.Second-1)),
}

// definitionRules are about the definition of a metric.
var definitionRules = []ruleTest{
	invalid("unknown metric", RuleUnknownMetric, "disk_writes", raw("disk_writes", `,"val":{"int":1}`)),
	invalid("unknown metric in another case", RuleUnknownMetric, "Disk_reads", raw("Disk_reads", `,"val":{"int":1}`)),
	invalid("no metric", RuleUnknownMetric, "", entryJSON(`{"val":{"int":1}}`)),
	invalid("no name", RuleUnknownMetric, "", entryJSON(`{"metric":{"type":2},"val":{"int":1}}`)),
	invalid("other type", RuleType, "disk_reads",
		entryJSON(`{"metric":{"name":"disk_reads","type":1,"help":`+readsHelp+`},"val":{"int":1}}`)),
	invalid("type zero", RuleType, "disk_reads", entryJSON(`{"metric":{"name":"disk_reads","help":`+readsHelp+`},"val":{"int":1}}`)),
	invalid("other help", RuleHelp, "disk_reads", entryJSON(`{"metric":{"name":"disk_reads","type":2,"help":"x"},"val":{"int":1}}`)),
	invalid("no help", RuleHelp, "disk_reads", entryJSON(`{"metric":{"name":"disk_reads","type":2},"val":{"int":1}}`)),
	valid("help without escapes",
		entryJSON(`{"metric":{"name":"disk_reads","type":2,"help":"Reads of <disk> & \"more\"."},"val":{"int":1}}`)),
	valid("keys in another order", entryJSON(`{"val":{"int":1},"metric":{"help":`+readsHelp+`,"type":2,"name":"disk_reads"}}`)),
	valid("name with an escape", entryJSON(`{"metric":{"name":"disk_\u0072eads","type":2,"help":`+readsHelp+`},"val":{"int":1}}`)),
	valid("white space",
		entryJSON("\n{ \"metric\" : {\"name\":\"disk_reads\",\"type\":2,\"help\":"+readsHelp+"} , \"val\" : { \"int\" : 1 } }")),
}

// structureRules are about the structure of entries.
var structureRules = []ruleTest{
	valid("no entries", nothing),
	valid("one of each",
		value("disk_reads", 1),
		value("tasks_open", 0),
		value("calls_odd", 3, oddLabels...),
		latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0)),

	valid("unknown key in an entry", raw("disk_reads", `,"exemplar":{"x":[1,2]},"val":{"int":1}`)),
	invalid("known key in another case", RuleFormat, "", raw("disk_reads", `,"Val":{"int":2},"val":{"int":1}`)),
	invalid("key twice", RuleFormat, "", raw("disk_reads", `,"val":{"int":1},"val":{"int":1}`)),
	invalid("key of a number twice", RuleFormat, "", raw("disk_reads", `,"val":{"int":1,"int":2}`)),
	invalid("key of a metric twice", RuleFormat, "",
		entryJSON(`{"metric":{"name":"x","name":"disk_reads","type":2,"help":`+readsHelp+`},"val":{"int":1}}`)),
	invalid("entry is null", RuleFormat, "", entryJSON(`null`)),
	invalid("entry is an array", RuleFormat, "", entryJSON(`[]`)),
	invalid("deep nesting", RuleSize, "", raw("disk_reads", `,"x":`+strings.Repeat(`[`, 20)+strings.Repeat(`]`, 20)+`,"val":{"int":1}`)),
}

// labelRules are about labels.
var labelRules = []ruleTest{
	valid("all labels", value("calls_odd", 1, oddLabels...)),
	valid("labels in another order", raw("calls_odd", `,"labels":{"number":"3","kind":"second"},"val":{"int":1}`)),
	valid("label with an escape", raw("calls_odd", `,"labels":{"number":"\u0033","kind":"second"},"val":{"int":1}`)),
	invalid("no labels", RuleLabelCount, "calls_odd", value("calls_odd", 1)),
	invalid("too few labels", RuleLabelCount, "calls_odd", value("calls_odd", 1, "kind", "first")),
	invalid("too many labels", RuleLabelCount, "calls_odd", value("calls_odd", 1, "kind", "first", "number", "1", "more", "x")),
	invalid("labels where there are no fields", RuleLabelCount, "disk_reads", value("disk_reads", 1, "kind", "first")),
	valid("empty labels where there are no fields", raw("disk_reads", `,"labels":{},"val":{"int":1}`)),
	invalid("other label", RuleLabelMissing, "calls_odd", value("calls_odd", 1, "kind", "first", "more", "x")),
	invalid("value not allowed", RuleLabelValue, "calls_odd", value("calls_odd", 1, "kind", "first", "number", "7")),
	invalid("value of the other field", RuleLabelValue, "calls_odd", value("calls_odd", 1, "kind", "1", "number", "1")),
	invalid("label twice", RuleFormat, "calls_odd", raw("calls_odd", `,"labels":{"kind":"first","kind":"first"},"val":{"int":1}`)),
	invalid("label is a number", RuleFormat, "", raw("calls_odd", `,"labels":{"kind":"first","number":1},"val":{"int":1}`)),
	invalid("labels are null", RuleFormat, "", raw("disk_reads", `,"labels":null,"val":{"int":1}`)),
	invalid("very many labels", RuleLabelCount, "calls_odd", value("calls_odd", 1, manyLabels(1000)...)),

	valid("external labels are dropped", raw("disk_reads", `,"external_labels":{"sandbox":"other"},"val":{"int":1}`)),
	invalid("external label is a number", RuleFormat, "", raw("disk_reads", `,"external_labels":{"sandbox":1},"val":{"int":1}`)),
	invalid("external label twice", RuleFormat, "disk_reads", raw("disk_reads", `,"external_labels":{"a":"","a":""},"val":{"int":1}`)),

	valid("two combinations", value("calls_odd", 1, oddLabels...), value("calls_odd", 1, "kind", "first", "number", "0")),
	invalid("same series twice", RuleDuplicateSeries, "disk_reads", func(r *response) *response {
		return r.number("disk_reads", 1).number("tasks_open", 1).number("disk_reads", 1)
	}),
	invalid("same combination twice", RuleDuplicateSeries, "calls_odd", func(r *response) *response {
		return r.number("calls_odd", 1, oddLabels...).raw("calls_odd", `,"labels":{"number":"-1","kind":"first"},"val":{"int":2}`)
	}),
}
