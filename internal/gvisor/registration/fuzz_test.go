package registration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRegistration checks that whatever is taken is consistent in itself, and
// that the cache comes to the same conclusion.
func FuzzRegistration(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`null`))
	f.Add([]byte(registered(metric(nil), histogram(map[string]any{"fields": fields{field("a", "x", "\u00e9\"")}}))))
	f.Add([]byte(registered(metric(nil), metric(nil))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		limits := Limits{Numbers: 2000}
		r, err := Parse(raw, "runsc_", limits)
		cached, cachedErr := NewCache("runsc_", limits).Get(raw)
		if (err == nil) != (cachedErr == nil) {
			t.Fatalf("parsed: %v, from the cache: %v", err, cachedErr)
		}
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%T is no *Error", err)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatal("took invalid JSON")
		}
		if cached.Series != r.Series || len(cached.Metrics) != len(r.Metrics) {
			t.Fatal("the cache has another registration")
		}
		series := uint32(0)
		for i := range r.Metrics {
			m := &r.Metrics[i]
			if m.First != series || m.Series == 0 || r.Find([]byte(m.Name)) != m || m.Family == nil {
				t.Fatalf("metric %q is inconsistent", m.Name)
			}
			for s := m.First; s < m.First+m.Series; s++ {
				if r.MetricOf(s) != m {
					t.Fatalf("series %d belongs to %q", s, m.Name)
				}
				labels := m.Labels(nil, s)
				number := m.First
				for j := range m.Fields {
					ordinal, allowed := m.Fields[j].Ordinal([]byte(labels[j]))
					if !allowed {
						t.Fatalf("%q is not allowed", labels[j])
					}
					number += m.Fields[j].Offset(ordinal)
				}
				if number != s {
					t.Fatalf("series %d has the labels of %d", s, number)
				}
			}
			series += m.Series
		}
		if series != r.Series || int(series) > limits.Numbers {
			t.Fatalf("%d series counted, %d found", r.Series, series)
		}
	})
}
