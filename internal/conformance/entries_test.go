package conformance

import (
	"fmt"
	"strings"
	"time"
)

const baseRegistration = `{"metrics":[
	{"name":"/a/count","prometheus_name":"a_count","description":"A <b>.","cumulative":true},
	{"name":"/a/level","prometheus_name":"a_level","description":"Level."},
	{"name":"/b/labeled","prometheus_name":"b_labeled","description":"Labeled.","cumulative":true,
	 "fields":[{"field_name":"x","allowed_values":["1","2","3","4","5","6"]},{"field_name":"y","allowed_values":["one","two"]}]},
	{"name":"/c/spread","prometheus_name":"c_spread","description":"Spread.","cumulative":true,"type":1,
	 "distribution_bucket_lower_bounds":[0,10]}],"stages":["start"]}`

// Parts of entries.
const (
	// one is the value 1.
	one = `,"val":{"int":1}`
	// two is the value 2.
	two = `,"val":{"int":2}`
	// labels identify a series of the metric b_labeled.
	labels = `{"x":"1","y":"one"}`
	// spreadAsNumber is an entry with a number for a histogram.
	spreadAsNumber = `{"metric":{"name":"c_spread","type":3,"help":"Spread."},"val":{"int":1}}`
)

// responseAt returns a response with the given time and entries.
func responseAt(when time.Time, entries ...string) string {
	return fmt.Sprintf(`{"success":true,"err":"","result":{"snapshot":{"when":%q,"data":[%s]}}}`,
		when.Format(time.RFC3339Nano), strings.Join(entries, ","))
}

// The functions count, level, labeled and spread return entries for the metrics
// of the base registration.
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

// samples returns an entry for the histogram c_spread with the given number of
// samples in each of its buckets.
func samples(total, minimum, maximum int, ssd string, below, between, above uint64) string {
	return spread(fmt.Sprintf(`{"total":{"int":%d},"min":{"int":%d},"max":{"int":%d},"ssd":%s,`+
		`"buckets":[{"le":{},"n":%d},{"le":{"int":10},"n":%d},{"le":null,"n":%d}]}`,
		total, minimum, maximum, ssd, below, between, above))
}
