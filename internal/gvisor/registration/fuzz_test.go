package registration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRegistration checks that every accepted registration is consistent, and
// that the cache returns the same result as Parse.
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
	f.Add([]byte(registered(metric(nil), histogram(keys{"fields": []keys{field("a", "x", "\u00e9\"")}}))))
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
				t.Fatalf("%T is not an *Error", err)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatal("accepted invalid JSON")
		}
		if cached.Series != r.Series || len(cached.Metrics) != len(r.Metrics) {
			t.Fatal("the cache returns another registration")
		}
		for i := range r.Metrics {
			m := &r.Metrics[i]
			if m.Series == 0 || r.Find([]byte(m.Name)) != m || m.Family == nil {
				t.Fatalf("metric %q is inconsistent", m.Name)
			}
		}
		checkSeries(t, r)
		if int(r.Series) > limits.Numbers {
			t.Fatalf("%d series in spite of the limit", r.Series)
		}
	})
}
