package simulate

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// gvisorPoint is one series that a sandbox can send.
type gvisorPoint struct {
	// metric is the place of its metric in the registration.
	metric int
	// prefix is its entry in a snapshot up to the number:
	//
	//	{"metric":{"name":"fs_opens","type":2,"help":"…"},"val":{
	prefix []byte
	motion motion
}

// earlyCombinations is how many label combinations of a metric with fields come
// among the points that every sandbox sends; the rest come at the very end.
const earlyCombinations = 1

// gvisorPoints lists the points in the order in which a sandbox with N points
// picks them: gauges, which every sandbox sends, a few labeled ones, then
// counters as busy as the list says, and at the end the thousands of label
// combinations that no honest sandbox ever fills.
func gvisorPoints(metrics []gvisorMetric) []gvisorPoint {
	var gauges, early, plain, late []gvisorPoint
	for i := range metrics {
		m := &metrics[i]
		switch {
		case m.gauge:
			gauges = append(gauges, newGVisorPoint(i, m, nil))
		case m.fields == nil:
			plain = append(plain, newGVisorPoint(i, m, nil))
		default:
			for n, values := range combinations(m.fields) {
				if n < earlyCombinations {
					early = append(early, newGVisorPoint(i, m, values))
				} else {
					late = append(late, newGVisorPoint(i, m, values))
				}
			}
		}
	}
	points := append(gauges, early...)
	points = append(points, plain...)
	return append(points, late...)
}

// combinations lists every combination of the fields' values.
func combinations(fields []gvisorField) [][]string {
	all := [][]string{nil}
	for _, field := range fields {
		var longer [][]string
		for _, values := range all {
			for _, value := range field.values {
				longer = append(longer, append(values[:len(values):len(values)], value))
			}
		}
		all = longer
	}
	return all
}

func newGVisorPoint(place int, m *gvisorMetric, labels []string) gvisorPoint {
	moves := motion{kind: growing, a: m.rate}
	kind := 2
	if m.gauge {
		moves.kind, kind = wandering, 1
	}
	return gvisorPoint{metric: place, prefix: entryPrefix(m.prometheusName(), kind, m.help, m.fields, labels), motion: moves}
}

// entryPrefix is an entry of a snapshot up to its number.
func entryPrefix(name string, kind int, help string, fields []gvisorField, labels []string) []byte {
	b := append([]byte(nil), `{"metric":{"name":`...)
	b = append(b, mustMarshal(name)...)
	b = append(b, `,"type":`...)
	b = strconv.AppendInt(b, int64(kind), 10)
	b = append(b, `,"help":`...)
	b = append(b, mustMarshal(help)...)
	b = append(b, '}')
	if len(labels) > 0 {
		texts := make(map[string]string, len(labels))
		for i, label := range labels {
			texts[fields[i].name] = label
		}
		b = append(b, `,"labels":`...)
		b = append(b, mustMarshal(texts)...)
	}
	return append(b, `,"val":{`...)
}

// snapshotPlan says what one answer to Metrics.Export holds. Hostile sandboxes
// change the plan before it is carried out.
type snapshotPlan struct {
	when    time.Time
	elapsed time.Duration
	filter  *metricFilter
	// without is a metric of the registration to leave out; -1 for none.
	without int
	// extra is appended to the data as it stands, for example
	// `{"metric":{…},"val":{"int":1}}`.
	extra []byte
	// again sends the first point twice.
	again bool
}

// appendSnapshot appends the answer to Metrics.Export:
//
//	{"success":true,"err":"","result":{"snapshot":{"when":"…","data":[…]}}}
//
// The points come in another order each time.
func appendSnapshot(b []byte, points []gvisorPoint, seed uint64, plan *snapshotPlan) []byte {
	b = append(b, snapshotHead...)
	b = plan.when.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","data":[`...)
	empty := len(b)
	// Any number without a common divisor with the length visits every place.
	n := len(points)
	step := strides[rand.IntN(len(strides))]
	for place, i := rand.IntN(n), 0; i < n; i++ {
		point := &points[place]
		if plan.filter.matches(point.metric) && point.metric != plan.without {
			value := point.motion.at(seed, uint64(place), plan.elapsed)
			b = appendEntry(b, point.prefix, value)
			if plan.again {
				b = appendEntry(b, point.prefix, value)
				plan.again = false
			}
		}
		if place += step; place >= n {
			place %= n
		}
	}
	if len(plan.extra) > 0 {
		b = append(b, plan.extra...)
		b = append(b, ',')
	}
	if len(b) > empty {
		b = b[:len(b)-1] // the last comma
	}
	return append(b, `]}}}`...)
}

const snapshotHead = `{"success":true,"err":"","result":{"snapshot":{"when":"`

// strides are primes above the number of points that exist, so none of them has
// a common divisor with any number of points.
var strides = [...]int{2903, 3011, 4001, 5003, 7001, 9001, 10007, 12007}

// appendEntry completes an entry with its number. Zero is sent as an empty
// object.
func appendEntry(b, prefix []byte, value uint64) []byte {
	b = append(b, prefix...)
	if value != 0 {
		b = append(b, `"int":`...)
		// Beyond the range of int64 the number is sent as a negative one.
		b = strconv.AppendInt(b, int64(value), 10)
	}
	return append(b, `}},`...)
}
