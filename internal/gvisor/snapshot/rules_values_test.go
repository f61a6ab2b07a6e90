package snapshot

import (
	"math"
	"testing"
)

func TestValueRules(t *testing.T) { runRules(t, valueRules) }

// valueRules are about the values of counters and gauges.
var valueRules = []ruleTest{
	invalid("no value", RuleValue, "disk_reads", raw("disk_reads", ``)),
	invalid("no value of a gauge", RuleValue, "tasks_open", raw("tasks_open", ``)),
	invalid("no value of a histogram", RuleValue, "disk_latency", raw("disk_latency", ``, "mode", "r")),
	invalid("number and histogram", RuleValue, "disk_reads", func(r *response) *response {
		return r.raw("disk_reads", `,"val":{"int":1},"histogram":`+r.histogramJSON("disk_latency", 0, 0, 0, `{}`, nil))
	}),
	invalid("histogram and number", RuleValue, "disk_latency", func(r *response) *response {
		histogram := r.histogramJSON("disk_latency", 9, 2, 7, `{}`, []uint64{0, 1, 1, 0})
		return r.raw("disk_latency", `,"val":{"int":1},"histogram":`+histogram, "mode", "r")
	}),
	invalid("histogram of a counter", RuleValue, "disk_reads", func(r *response) *response {
		return r.raw("disk_reads", `,"histogram":`+r.histogramJSON("disk_latency", 0, 0, 0, `{}`, nil))
	}),
	invalid("number of a histogram", RuleValue, "disk_latency", value("disk_latency", 1, "mode", "r")),
	invalid("value is null", RuleFormat, "", raw("disk_reads", `,"val":null`)),

	valid("zero", raw("disk_reads", `,"val":{}`)),
	valid("explicit zero", raw("disk_reads", `,"val":{"int":0}`)),
	invalid("fraction", RuleInteger, "disk_reads", raw("disk_reads", `,"val":{"float":1.5}`)),
	invalid("whole float", RuleInteger, "disk_reads", raw("disk_reads", `,"val":{"float":2}`)),
	invalid("fraction of a gauge", RuleInteger, "tasks_open", raw("tasks_open", `,"val":{"float":1.5}`)),
	invalid("integer and float", RuleInteger, "disk_reads", raw("disk_reads", `,"val":{"int":1,"float":1}`)),
	invalid("integer and zero float", RuleInteger, "disk_reads", raw("disk_reads", `,"val":{"int":1,"float":0}`)),
	invalid("integer with fraction", RuleFormat, "", raw("disk_reads", `,"val":{"int":1.0}`)),
	invalid("integer as string", RuleFormat, "", raw("disk_reads", `,"val":{"int":"1"}`)),
	valid("largest integer", value("disk_reads", math.MaxInt64)),
	invalid("integer above the largest", RuleFormat, "", raw("disk_reads", `,"val":{"int":9223372036854775808}`)),

	valid("counter grows", value("disk_reads", 5), value("disk_reads", 6)),
	valid("counter stays", value("disk_reads", 5), value("disk_reads", 5)),
	invalid("counter decreases", RuleCounterDecreased, "disk_reads", value("disk_reads", 5), value("disk_reads", 4)),
	invalid("counter decreases to zero", RuleCounterDecreased, "disk_reads", value("disk_reads", 5), value("disk_reads", 0)),
	valid("counter is absent and returns", value("disk_reads", 5), nothing, value("tasks_open", 1), value("disk_reads", 5)),
	invalid("counter is absent and decreases", RuleCounterDecreased, "disk_reads",
		value("disk_reads", 5), nothing, value("tasks_open", 1), value("disk_reads", 4)),
	invalid("counter below zero", RuleCounterDecreased, "disk_reads", value("disk_reads", -1)),
	invalid("labeled counter decreases", RuleCounterDecreased, "calls_odd",
		value("calls_odd", 5, oddLabels...), value("calls_odd", 4, oddLabels...)),
	valid("another label is another counter",
		value("calls_odd", 5, oddLabels...), value("calls_odd", 4, "kind", "second", "number", "-1")),
	valid("gauge decreases", value("tasks_open", 5), value("tasks_open", 4)),
	valid("gauge below zero", value("tasks_open", -1)),
	valid("gauge of 2⁶³", value("tasks_open", math.MinInt64)),
}
