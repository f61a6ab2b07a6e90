package gvisor

import (
	"math/rand/v2"
	"time"
)

// snapshotPlan defines the contents of one response to Metrics.Export. Hostile
// modes alter the plan before the response is built.
type snapshotPlan struct {
	when    time.Time
	elapsed time.Duration
	filter  *metricFilter
	// without is the index of a metric to leave out; -1 means none.
	without int
	// extra is appended to the data verbatim, for example
	// {"metric":{…},"val":{"int":1}}.
	extra []byte
	// duplicate sends the first point twice.
	duplicate bool
}

const snapshotHead = `{"success":true,"err":"","result":{"snapshot":{"when":"`

// appendSnapshot appends the response to Metrics.Export:
//
//	{"success":true,"err":"","result":{"snapshot":{"when":"…","data":[…]}}}
//
// The points are in a different order each time.
func appendSnapshot(b []byte, points []point, seed uint64, plan *snapshotPlan) []byte {
	b = append(b, snapshotHead...)
	b = plan.when.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","data":[`...)
	empty := len(b)
	// A stride that has no common divisor with the length visits every index.
	n := len(points)
	stride := strides[rand.IntN(len(strides))]
	for index, i := rand.IntN(n), 0; i < n; i++ {
		p := &points[index]
		if plan.filter.matches(p.metric) && p.metric != plan.without {
			value := p.motion.At(seed, uint64(index), plan.elapsed)
			b = appendEntry(b, p.prefix, value)
			if plan.duplicate {
				b = appendEntry(b, p.prefix, value)
				plan.duplicate = false
			}
		}
		if index += stride; index >= n {
			index %= n
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

// strides are primes above the number of points that exist, so none of them has
// a common divisor with any number of points.
var strides = [...]int{2903, 3011, 4001, 5003, 7001, 9001, 10007, 12007}
