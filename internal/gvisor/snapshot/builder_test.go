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

// moment is when all tests take place, and clock tells it.
var moment = time.Date(2026, 11, 20, 10, 19, 38, 2789760, time.UTC)

func clock() time.Time { return moment }

func testRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	raw, err := os.ReadFile("testdata/registration.json")
	require.NoError(t, err)
	r, err := registration.Parse(raw, "runsc_", registration.Limits{})
	require.NoError(t, err)
	return r
}

// answer builds the answer of a sandbox, entry by entry.
type answer struct {
	known   *registration.Registration
	when    time.Time
	entries []string
}

func newAnswer(known *registration.Registration, when time.Time) *answer {
	return &answer{known: known, when: when}
}

// number adds a number with labels given as key, value, key, value.
func (a *answer) number(name string, value int64, labels ...string) *answer {
	text := `{}`
	if value != 0 {
		text = fmt.Sprintf(`{"int":%d}`, value)
	}
	return a.raw(name, `,"val":`+text, labels...)
}

// histogram adds a histogram with its bounds as registered. Buckets hold the
// counts of all buckets.
func (a *answer) histogram(name string, total, least, most int64, ssd string, buckets []uint64, labels ...string) *answer {
	return a.raw(name, `,"histogram":`+a.histogramText(name, total, least, most, ssd, buckets), labels...)
}

func (a *answer) histogramText(name string, total, least, most int64, ssd string, buckets []uint64) string {
	metric := a.known.Find([]byte(name))
	var parts []string
	for i, count := range buckets {
		bound := `null`
		if i < len(metric.Bounds) {
			bound = integer(metric.Bounds[i])
		}
		parts = append(parts, fmt.Sprintf(`{"le":%s,"n":%d}`, bound, count))
	}
	return fmt.Sprintf(`{"total":%s,"min":%s,"max":%s,"ssd":%s,"buckets":[%s]}`,
		integer(total), integer(least), integer(most), ssd, strings.Join(parts, ","))
}

func integer(v int64) string {
	if v == 0 {
		return `{}`
	}
	return fmt.Sprintf(`{"int":%d}`, v)
}

// raw adds an entry whose definition and labels are right, and the rest as
// given.
func (a *answer) raw(name, rest string, labels ...string) *answer {
	metric := a.known.Find([]byte(name))
	if metric == nil {
		metric = &registration.Metric{Name: name, Type: registration.Counter}
	}
	if len(labels) > 0 {
		texts := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			texts[labels[i]] = labels[i+1]
		}
		rest = `,"labels":` + encoded(texts) + rest
	}
	return a.entry(fmt.Sprintf(`{"metric":{"name":%s,"type":%d,"help":%s}%s}`, encoded(name), metric.Type, encoded(metric.Help), rest))
}

// entry adds an entry as it stands.
func (a *answer) entry(text string) *answer {
	a.entries = append(a.entries, text)
	return a
}

func encoded(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (a *answer) String() string {
	return fmt.Sprintf(`{"success":true,"err":"","result":{"snapshot":{"when":%q,"data":[%s]}}}`,
		a.when.Format(time.RFC3339Nano), strings.Join(a.entries, ","))
}

// read lets a verifier read an answer, in one piece.
func read(v *Verifier, text string) (*sandbox.Reading, error) {
	r := &sandbox.Reading{}
	return r, v.Read(bytes.NewReader([]byte(text)), 1<<20, clock, r)
}

// shown lists the points of a reading, one per line.
func shown(r *sandbox.Reading) string {
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
