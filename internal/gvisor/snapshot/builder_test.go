package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// testTime is the current time in all tests.
var testTime = time.Date(2026, 11, 20, 10, 19, 38, 2789760, time.UTC)

func clock() time.Time { return testTime }

func testRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	raw, err := os.ReadFile("testdata/registration.json")
	require.NoError(t, err)
	r, err := registration.Parse(raw, "runsc_", registration.Limits{})
	require.NoError(t, err)
	return r
}

// response builds the response of a sandbox, entry by entry.
type response struct {
	reg     *registration.Registration
	when    time.Time
	entries []string
}

func newResponse(reg *registration.Registration, when time.Time) *response {
	return &response{reg: reg, when: when}
}

// number adds a number with labels given as key, value, key, value.
func (r *response) number(name string, value int64, labels ...string) *response {
	return r.raw(name, `,"val":`+integer(value), labels...)
}

// histogram adds a histogram with the registered bounds and the given counts of
// all buckets.
func (r *response) histogram(name string, total, minimum, maximum int64, ssd string, buckets []uint64, labels ...string) *response {
	return r.raw(name, `,"histogram":`+r.histogramJSON(name, total, minimum, maximum, ssd, buckets), labels...)
}

func (r *response) histogramJSON(name string, total, minimum, maximum int64, ssd string, buckets []uint64) string {
	metric := r.reg.Find([]byte(name))
	var parts []string
	for i, count := range buckets {
		bound := `null`
		if i < len(metric.Bounds) {
			bound = integer(metric.Bounds[i])
		}
		parts = append(parts, fmt.Sprintf(`{"le":%s,"n":%d}`, bound, count))
	}
	return fmt.Sprintf(`{"total":%s,"min":%s,"max":%s,"ssd":%s,"buckets":[%s]}`,
		integer(total), integer(minimum), integer(maximum), ssd, strings.Join(parts, ","))
}

func integer(v int64) string {
	if v == 0 {
		return `{}`
	}
	return fmt.Sprintf(`{"int":%d}`, v)
}

// raw adds an entry with a valid definition and labels, followed by rest.
func (r *response) raw(name, rest string, labels ...string) *response {
	metric := r.reg.Find([]byte(name))
	if metric == nil {
		metric = &registration.Metric{Name: name, Type: registration.Counter}
	}
	if len(labels) > 0 {
		texts := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			texts[labels[i]] = labels[i+1]
		}
		rest = `,"labels":` + toJSON(texts) + rest
	}
	return r.entry(fmt.Sprintf(`{"metric":{"name":%s,"type":%d,"help":%s}%s}`, toJSON(name), metric.Type, toJSON(metric.Help), rest))
}

// entry adds an entry verbatim.
func (r *response) entry(text string) *response {
	r.entries = append(r.entries, text)
	return r
}

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (r *response) String() string {
	return fmt.Sprintf(`{"success":true,"err":"","result":{"snapshot":{"when":%q,"data":[%s]}}}`,
		r.when.Format(time.RFC3339Nano), strings.Join(r.entries, ","))
}

// mixedResponse returns a response with points of every type, unordered.
func mixedResponse(reg *registration.Registration) *response {
	return newResponse(reg, testTime).
		number("tasks_open", -2).
		histogram("disk_latency", 9, 2, 7, `{"float":12.5}`, []uint64{0, 1, 1, 0}, "mode", "w").
		number("disk_reads", 152903).
		number("calls_odd", 3, "kind", "second", "number", "5").
		histogram("disk_latency", 0, 0, 0, `{}`, []uint64{0, 0, 0, 0}, "mode", "r").
		number("link_rx_bytes", 1<<40).
		number("calls_odd", 1, "kind", "first", "number", "-1")
}

// read makes a verifier read a response that arrives in one piece.
func read(v *Verifier, text string) (*sandbox.Reading, error) {
	r := &sandbox.Reading{}
	return r, v.Read(bytes.NewReader([]byte(text)), 1<<20, clock, r)
}

// formatPoints lists the points of a reading, one per line.
func formatPoints(r *sandbox.Reading) string {
	var text strings.Builder
	for _, p := range r.Points {
		name := p.Family.OTel.Name
		if name == "" {
			name = p.Family.Prometheus.Name
		}
		text.WriteString(name)
		for i, label := range p.Labels {
			fmt.Fprintf(&text, " %s=%q", p.Family.Prometheus.LabelKeys[i], label)
		}
		switch d := p.Distribution; {
		case d != nil:
			fmt.Fprintf(&text, " count %d sum %v", d.Count, d.Sum)
			if d.HasRange {
				fmt.Fprintf(&text, " from %v to %v", d.Min, d.Max)
			}
			fmt.Fprintf(&text, " buckets %v bounds %v", d.Buckets, d.Bounds)
		case p.Value.IsFloat():
			fmt.Fprintf(&text, " %v (float)", p.Value.AsFloat())
		default:
			fmt.Fprintf(&text, " %d", p.Value.AsInt())
		}
		text.WriteByte('\n')
	}
	return text.String()
}
