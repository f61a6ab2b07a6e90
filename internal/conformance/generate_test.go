package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// choices turns bytes into decisions, so that a fuzzer that mutates bytes
// mutates decisions. When the bytes are used up, every choice is the first.
type choices struct {
	data []byte
}

func (c *choices) next() byte {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return b
}

// below chooses a number from 0 to n-1.
func (c *choices) below(n int) int { return int(c.next()) % n }

// rarely chooses true once in 85 times: an answer is made of many decisions.
func (c *choices) rarely() bool { return c.next() >= 253 }

func pick[T any](c *choices, from ...T) T { return from[c.below(len(from))] }

// object is a JSON object that may have a key twice.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var parts []string
	for _, m := range o {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		parts = append(parts, fmt.Sprintf("%q:%s", m.key, value))
	}
	return []byte("{" + strings.Join(parts, ",") + "}"), nil
}

// raw is JSON as it stands.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// model is a sandbox: what it registered, and the true state of its series.
type model struct {
	c       *choices
	metrics []*modelMetric
	// when is the time of the last snapshot.
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

// newModel makes up a registration: mostly one that is in order.
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
			metric.spoil(c)
		}
		m.metrics = append(m.metrics, metric)
	}
	return m
}

// spoil makes a registered metric that is not in order, perhaps.
func (metric *modelMetric) spoil(c *choices) {
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

// registration writes the registration as JSON.
func (m *model) registration() []byte {
	c := m.c
	var metrics []any
	for _, metric := range m.metrics {
		o := object{{"name", metric.path}, {"prometheus_name", metric.name}, {"description", metric.help}}
		if metric.cumulative {
			o = append(o, member{"cumulative", true})
		}
		if metric.histogram {
			o = append(o, member{"type", 1})
		}
		if len(metric.fields) > 0 {
			var fields []any
			for _, f := range metric.fields {
				fields = append(fields, object{{"field_name", f.key}, {"allowed_values", f.values}})
			}
			o = append(o, member{"fields", fields})
		}
		if metric.bounds != nil {
			o = append(o, member{"distribution_bucket_lower_bounds", metric.bounds})
		}
		if c.rarely() {
			o = append(o, pick(c, member{"type", 2}, member{"type", 1}, member{"units", 1}, member{"units", 1 << 40},
				member{"sync", true}, member{"sync", 1}, member{"new", nil}, member{"Type", 1}))
		}
		metrics = append(metrics, o)
	}
	return m.damage(object{{"metrics", metrics}, {"stages", []string{"start"}}})
}

// damage writes JSON, and perhaps changes a byte or two of it.
func (m *model) damage(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	if !m.c.rarely() {
		return data
	}
	at := (int(m.c.next())<<8 | int(m.c.next())) % len(data)
	switch m.c.below(4) {
	case 0:
		data[at] = m.c.next()
	case 1:
		data = append(data[:at:at], data[at+1:]...)
	case 2:
		data = append(data[:at:at], append([]byte{m.c.next()}, data[at:]...)...)
	case 3:
		data = data[:at]
	}
	return data
}

// grow lets the sandbox live on for a while.
func (m *model) grow(now time.Time) {
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

// answer writes a snapshot: mostly one that is in order.
func (m *model) answer() []byte {
	c := m.c
	var entries []any
	for _, metric := range m.metrics {
		for _, s := range metric.series {
			if metric.cumulative && c.below(8) == 1 {
				continue // left out, as if it were still at zero
			}
			entries = append(entries, m.entry(metric, s))
			if c.rarely() {
				entries = append(entries, m.entry(metric, s))
			}
		}
	}
	if len(entries) > 1 {
		at := c.below(len(entries))
		entries[0], entries[at] = entries[at], entries[0]
	}
	when := m.when
	if c.rarely() {
		when = when.Add(pick(c, -10*time.Second, -11*time.Second, time.Second, -3, 3, -time.Hour))
	}
	shot := object{{"when", when.Format(time.RFC3339Nano)}, {"data", entries}}
	a := object{{"success", true}, {"err", ""}, {"result", object{{"snapshot", shot}}}}
	if c.rarely() {
		a = append(a, pick(c, member{"success", false}, member{"new", 1}, member{"Result", nil}))
	}
	data := m.damage(a)
	if c.rarely() {
		data = append(data, pick(c, " ", "\n", "x", "{}")...)
	}
	return data
}

func (m *model) entry(metric *modelMetric, s *modelSeries) any {
	c := m.c
	kind, help, name := 1, metric.help, metric.name
	if metric.cumulative {
		kind = 2
	}
	if metric.histogram {
		kind = 3
	}
	if c.rarely() {
		kind = c.below(5)
	}
	if c.rarely() {
		help = pick(c, "", "Another.", help+" ")
	}
	if c.rarely() {
		name = pick(c, "", "unknown", "group_0_metric", name+"_sum")
	}
	definition := object{{"name", name}, {"type", kind}, {"help", help}}
	o := object{{"metric", definition}}
	labels := object{}
	for _, f := range metric.fields {
		labels = append(labels, member{f.key, s.labels[f.key]})
	}
	if c.rarely() {
		labels = append(labels, pick(c, member{"field_0", "v0"}, member{"more", ""}, member{"field_1", "zz"}))
	}
	if c.rarely() && len(labels) > 0 {
		labels = labels[1:]
	}
	if len(labels) > 0 {
		o = append(o, member{"labels", labels})
	}
	if c.rarely() {
		o = append(o, pick(c, member{"external_labels", object{{"x", "y"}}}, member{"external_labels", 1}, member{"new", object{}},
			member{"Val", 1}, member{"labels", nil}, member{"val", object{}}, member{"histogram", object{}}))
	}
	if metric.histogram != c.rarely() {
		o = append(o, member{"histogram", m.histogram(metric, s)})
	} else {
		o = append(o, member{"val", m.number(s.value)})
	}
	return o
}

// number writes an integer, perhaps changed.
func (m *model) number(value int64) any {
	if m.c.rarely() {
		return pick[any](m.c, integer(value-1), integer(value+1), integer(-value), object{{"float", float64(value)}},
			object{{"float", float64(value) + 0.5}}, object{{"int", value}, {"float", 0.0}}, object{{"int", value}, {"float", 1.5}},
			raw(`{"int":9223372036854775808}`), raw(`{"int":1.0}`), raw(`{"int":null}`), raw(`null`), raw(`{"int":-9223372036854775808}`))
	}
	return integer(value)
}

func integer(value int64) any {
	if value == 0 {
		return object{}
	}
	return object{{"int", value}}
}

func (m *model) histogram(metric *modelMetric, s *modelSeries) any {
	c := m.c
	var buckets []any
	for i, count := range s.buckets {
		if c.rarely() {
			count = pick(c, count-1, count+1, 0, 1<<63, 1<<63-1)
		}
		var bound any = pick(c, raw(`null`), raw(`{}`), raw(`{"int":7}`))
		if i < len(metric.bounds) {
			bound = m.number(metric.bounds[i])
		} else if c.rarely() {
			bound = pick(c, raw(`"+Inf"`), raw(`{"float":"+Inf"}`), raw(`{"float":1e999}`))
		}
		b := object{{"le", bound}}
		if count != 0 {
			b = append(b, member{"n", count})
		}
		buckets = append(buckets, b)
	}
	if c.rarely() {
		buckets = pick(c, buckets[1:], append(buckets, buckets[0]), nil)
	}
	var ssd any = object{{"float", s.ssd}}
	if c.rarely() {
		ssd = pick[any](c, object{}, object{{"int", 1}}, object{{"float", s.ssd - 0.5}}, object{{"int", 0}}, object{{"float", 3}}, object{{"float", s.ssd}, {"int", 1}})
	}
	return object{
		{"total", m.number(s.total)}, {"min", m.number(s.min)}, {"max", m.number(s.max)}, {"ssd", ssd}, {"buckets", buckets},
	}
}
