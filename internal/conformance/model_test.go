package conformance

import (
	"fmt"
	"time"
)

// model is a generated sandbox: its registration and the true state of its
// series.
type model struct {
	c       *choices
	metrics []*modelMetric
	// when is the time of the current snapshot.
	when time.Time
}

type modelMetric struct {
	path, name, help string
	cumulative       bool
	histogram        bool
	fields           []modelField
	bounds           []int64
	series           []*modelSeries
}

type modelField struct {
	key    string
	values []string
}

type modelSeries struct {
	labels   map[string]string
	value    int64
	samples  int
	total    int64
	min, max int64
	ssd      float64
	buckets  []uint64
}

// newModel generates a registration, which is usually valid.
func newModel(c *choices) *model {
	m := &model{c: c}
	for i := range 1 + c.below(5) {
		metric := &modelMetric{
			path: fmt.Sprintf("/group_%d/metric", i),
			name: fmt.Sprintf("group_%d_metric", i),
			help: pick(c, "A metric.", "", "Less < and \"more\" & \\ others.", "\u00dcber alles.\n"),
		}
		switch c.below(4) {
		case 0, 1:
			metric.cumulative = true
		case 3:
			metric.histogram, metric.cumulative = true, true
			for bound := range 1 + c.below(4) {
				metric.bounds = append(metric.bounds, int64(bound)*10-int64(c.below(3)))
			}
		}
		for f := range c.below(3) {
			field := modelField{key: fmt.Sprintf("field_%d", f)}
			for v := range 1 + c.below(6) {
				field.values = append(field.values, pick(c, "", "v", "\u00e9\"\n", "a_longer_value")+fmt.Sprint(v))
			}
			metric.fields = append(metric.fields, field)
		}
		if c.rarely() {
			metric.corrupt(c)
		}
		m.metrics = append(m.metrics, metric)
	}
	return m
}

// corrupt changes a registered metric, usually so that it is invalid.
func (metric *modelMetric) corrupt(c *choices) {
	switch c.below(12) {
	case 0:
		metric.name = ""
	case 1:
		metric.path = ""
	case 2:
		metric.name = pick(c, "meta_x", "process_open_fds", "Upper", "1x", "_x", "x-y", "gr\u00fcn", "\u00e9x", "x\u0663")
	case 3:
		metric.path = pick(c, "x", "/x//y", "/x-y", "/sandbox/x", "/x/")
	case 4:
		metric.name = pick(c, "group_0_metric", "group_1_metric_count", "group_2_metric_min")
	case 5:
		metric.path = "/group_0/metric"
	case 6:
		metric.bounds = nil
	case 7:
		metric.bounds = pick(c, []int64{2, 1}, []int64{1, 1}, make([]int64, 300))
	case 8:
		metric.fields = append(metric.fields, modelField{pick(c, "field_0", "le", "sandbox", "", "a-b"), []string{"x"}})
	case 9:
		metric.fields = append(metric.fields, modelField{"none", nil})
	case 10:
		metric.fields = append(metric.fields, modelField{"twice", []string{"x", "y", "x"}})
	case 11:
		metric.fields = append(metric.fields, modelField{"comma", []string{"x,", "x", ",y"}})
	}
}

// advance changes the values of the sandbox and adds series.
func (m *model) advance(now time.Time) {
	c := m.c
	for _, metric := range m.metrics {
		if len(metric.series) == 0 || c.below(4) == 0 {
			s := &modelSeries{labels: map[string]string{}, buckets: make([]uint64, len(metric.bounds)+1)}
			for _, f := range metric.fields {
				s.labels[f.key] = ""
				if len(f.values) > 0 {
					s.labels[f.key] = f.values[c.below(len(f.values))]
				}
			}
			if !metric.has(s.labels) {
				metric.series = append(metric.series, s)
			}
		}
		for _, s := range metric.series {
			if metric.histogram {
				s.sample(int64(c.below(40))-5, metric.bounds)
				continue
			}
			step := int64(c.below(5))
			if metric.cumulative {
				s.value += step
			} else {
				s.value += step - 2
			}
		}
	}
	m.when = now.Add(-time.Duration(c.below(3)))
}

func (metric *modelMetric) has(labels map[string]string) bool {
	for _, s := range metric.series {
		if fmt.Sprint(s.labels) == fmt.Sprint(labels) {
			return true
		}
	}
	return false
}

func (s *modelSeries) sample(value int64, bounds []int64) {
	if s.samples == 0 || value < s.min {
		s.min = value
	}
	if s.samples == 0 || value > s.max {
		s.max = value
	}
	s.samples++
	s.total += value
	s.ssd += 0.25
	if s.ssd == float64(int64(s.ssd)) {
		s.ssd += 0.125 // gVisor's verifier panics on whole numbers
	}
	bucket := 0
	for bucket < len(bounds) && value >= bounds[bucket] {
		bucket++
	}
	s.buckets[bucket]++
}
