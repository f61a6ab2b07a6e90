package conformance

import (
	"time"
)

// registration encodes the registration as JSON.
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
	return mutate(c, object{{"metrics", metrics}, {"stages", []string{"start"}}})
}

// response encodes a response with a snapshot, which is usually valid.
func (m *model) response() []byte {
	c := m.c
	var entries []any
	for _, metric := range m.metrics {
		for _, s := range metric.series {
			if metric.cumulative && c.below(8) == 1 {
				continue // omitted, as sandboxes do while it is zero
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
	snapshot := object{{"when", when.Format(time.RFC3339Nano)}, {"data", entries}}
	r := object{{"success", true}, {"err", ""}, {"result", object{{"snapshot", snapshot}}}}
	if c.rarely() {
		r = append(r, pick(c, member{"success", false}, member{"new", 1}, member{"Result", nil}))
	}
	data := mutate(c, r)
	if c.rarely() {
		data = append(data, pick(c, " ", "\n", "x", "{}")...)
	}
	return data
}

// entry encodes one entry of a snapshot.
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

// number encodes an integer, and rarely changes it.
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
		ssd = pick[any](c, object{}, object{{"int", 1}}, object{{"float", s.ssd - 0.5}}, object{{"int", 0}}, object{{"float", 3}},
			object{{"float", s.ssd}, {"int", 1}})
	}
	return object{
		{"total", m.number(s.total)}, {"min", m.number(s.min)}, {"max", m.number(s.max)}, {"ssd", ssd}, {"buckets", buckets},
	}
}
