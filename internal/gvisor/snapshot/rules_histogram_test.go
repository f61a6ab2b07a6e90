package snapshot

import (
	"math"
	"strings"
	"testing"
)

func TestHistogramRules(t *testing.T) { runRules(t, histogramRules) }

// latency returns a step with the histogram disk_latency.
func latency(total, minimum, maximum int64, ssd string, counts ...uint64) step {
	return func(r *response) *response {
		return r.histogram("disk_latency", total, minimum, maximum, ssd, counts, "mode", "r")
	}
}

// latencyWith returns a step with the histogram disk_latency, in whose JSON the
// text old is replaced.
func latencyWith(old, replacement string) step {
	return func(r *response) *response {
		text := r.histogramJSON("disk_latency", 9, 2, 7, `{"float":12.5}`, []uint64{0, 1, 1, 0})
		if !strings.Contains(text, old) {
			panic("not in the histogram: " + old)
		}
		return r.raw("disk_latency", `,"histogram":`+strings.Replace(text, old, replacement, 1), "mode", "r")
	}
}

// histogramRules are about histograms.
var histogramRules = []ruleTest{
	invalid("one bucket missing", RuleBucketCount, "disk_latency", latency(9, 2, 7, `{}`, 0, 1, 1)),
	invalid("one bucket too many", RuleBucketCount, "disk_latency", latency(9, 2, 7, `{}`, 0, 1, 1, 0, 0)),
	invalid("no buckets", RuleBucketCount, "disk_latency", raw("disk_latency", `,"histogram":{}`, "mode", "r")),
	invalid("very many buckets", RuleBucketCount, "disk_latency", latency(9, 2, 7, `{}`, make([]uint64, 1000)...)),
	invalid("other bound", RuleBucketBound, "disk_latency", latencyWith(`{"int":1000}`, `{"int":1001}`)),
	invalid("bound as float", RuleBucketBound, "disk_latency", latencyWith(`{"int":1000}`, `{"float":1000}`)),
	invalid("bound as integer and float", RuleBucketBound, "disk_latency", latencyWith(`{"int":1000}`, `{"int":1000,"float":0}`)),
	invalid("bound as string", RuleBucketBound, "disk_latency", latencyWith(`{"int":1000}`, `"1000"`)),
	invalid("no bound", RuleBucketBound, "disk_latency", latencyWith(`"le":{"int":1000},`, ``)),
	valid("explicit bound of zero", latencyWith(`{"le":{}`, `{"le":{"int":0}`)),
	valid("last bound as string", latencyWith(`{"le":null`, `{"le":"+Inf"`)),
	valid("last bound in an object", latencyWith(`{"le":null`, `{"le":{"float":"+Inf"}`)),
	valid("last bound as a large number", latencyWith(`{"le":null`, `{"le":{"float":1e999}`)),
	valid("last bound omitted", latencyWith(`{"le":null,`, `{`)),
	invalid("ssd as integer", RuleSSD, "disk_latency", latencyWith(`{"float":12.5}`, `{"int":12}`)),
	valid("ssd as integer zero", latencyWith(`{"float":12.5}`, `{"int":0}`)),
	invalid("ssd as integer and float", RuleSSD, "disk_latency", latencyWith(`{"float":12.5}`, `{"int":0,"float":12.5}`)),
	valid("ssd omitted", latencyWith(`"ssd":{"float":12.5},`, ``)),
	invalid("total as float", RuleInteger, "disk_latency", latencyWith(`{"int":9}`, `{"float":9.5}`)),
	invalid("minimum as float", RuleInteger, "disk_latency", latencyWith(`{"int":2}`, `{"float":2}`)),
	invalid("maximum as float", RuleInteger, "disk_latency", latencyWith(`{"int":7}`, `{"float":7}`)),
	invalid("bucket below zero", RuleFormat, "", latencyWith(`"n":1`, `"n":-1`)),
	valid("buckets of nearly 2⁶³", latency(0, 0, 0, `{}`, 0, math.MaxInt64, 0, 0)),
	invalid("buckets of 2⁶³", RuleBucketSum, "disk_latency", latency(0, 0, 0, `{}`, 0, math.MaxInt64, 1, 0)),
	invalid("one bucket of 2⁶⁴-1", RuleBucketSum, "disk_latency", latency(0, 0, 0, `{}`, 0, math.MaxUint64, 1, 0)),

	valid("histogram grows", latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(10, 1, 8, `{"float":12.6}`, 1, 1, 1, 1)),
	valid("histogram stays", latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0)),
	invalid("bucket decreases", RuleBucketDecreased, "disk_latency",
		latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(9, 2, 7, `{"float":12.5}`, 0, 2, 0, 0)),
	invalid("histogram is absent and a bucket decreases", RuleBucketDecreased, "disk_latency",
		latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), nothing, latency(9, 2, 7, `{"float":12.5}`, 0, 2, 0, 0)),
	valid("total decreases", latency(9, 2, 7, `{"float":12.5}`, 0, 1, 1, 0), latency(8, 2, 7, `{"float":12.5}`, 0, 1, 1, 0)),
	invalid("minimum rises", RuleMinimumRose, "disk_latency", latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(5, 3, 3, `{}`, 0, 2, 0, 0)),
	valid("minimum rises without samples", latency(0, 2, 2, `{}`, 0, 0, 0, 0), latency(5, 3, 3, `{}`, 0, 2, 0, 0)),
	valid("minimum falls below zero", latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(-3, -5, 2, `{}`, 1, 1, 0, 0)),
	invalid("maximum falls", RuleMaximumFell, "disk_latency", latency(2, 2, 2, `{}`, 0, 1, 0, 0), latency(3, 1, 1, `{}`, 0, 2, 0, 0)),
	valid("maximum falls without samples", latency(0, 2, 2, `{}`, 0, 0, 0, 0), latency(1, 1, 1, `{}`, 0, 1, 0, 0)),
	valid("ssd falls after one sample", latency(2, 2, 2, `{"float":1.5}`, 0, 1, 0, 0), latency(4, 2, 2, `{"float":1.25}`, 0, 2, 0, 0)),
	invalid("ssd falls after two", RuleSSDFell, "disk_latency",
		latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), latency(6, 2, 2, `{"float":1.25}`, 0, 3, 0, 0)),
	invalid("ssd falls to zero", RuleSSDFell, "disk_latency",
		latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), latency(6, 2, 2, `{}`, 0, 3, 0, 0)),
	valid("another histogram", latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0), func(r *response) *response {
		return r.histogram("disk_latency", 1, 1, 1, `{}`, []uint64{0, 1, 0, 0}, "mode", "w")
	}),
}
