package snapshot

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// FuzzSnapshot feeds a verifier that has seen one snapshot with anything, in
// pieces of any size.
func FuzzSnapshot(f *testing.F) {
	known := testRegistration(f)
	for _, seed := range []string{
		mixed(known).String(),
		newAnswer(known, moment).number("disk_reads", 200_000).number("link_rx_bytes", 1<<41).String(),
		newAnswer(known, moment).number("calls_odd", 3, "kind", "second", "number", "5").raw("tasks_open", `,"labels":{},"val":{"int":-9}`).String(),
		newAnswer(known, moment).histogram("disk_latency", 20, 1, 9, `{"float":13}`, []uint64{0, 2, 1, 1}, "mode", "w").String(),
		newAnswer(known, moment).raw("disk_reads", `,"external_labels":{"a":"b"},"new":[{}],"val":{"int":152904}`).String(),
		newAnswer(known, moment).number("disk_reads", 1).String(),
		`{"success":false,"err":"unknown method","result":null}`,
		`{"success":true,"err":"","result":{"event":{"type":"stats"}}}`,
	} {
		f.Add([]byte(seed), uint16(len(seed)))
		f.Add([]byte(seed), uint16(7))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint16) {
		v := NewVerifier(known, Settings{MaxPoints: 30, ZeroFill: size%2 == 0})
		first := &sandbox.Reading{}
		if err := v.Read(strings.NewReader(mixed(known).String()), 1<<20, clock, first); err != nil {
			t.Fatal(err)
		}
		before := contents(v)
		r := &sandbox.Reading{}
		source := &pieces{text: string(text), size: max(int(size), 1)}
		err := v.Read(source, 64<<10, clock, r)
		if err != nil {
			switch sandbox.OutcomeOf(err) {
			case sandbox.Oversize, sandbox.Malformed, sandbox.Rejected, sandbox.Refused, sandbox.Disconnected:
			default:
				t.Fatalf("unexpected outcome: %v", err)
			}
			if len(r.Points) > 0 || !r.Time.IsZero() {
				t.Fatal("points in spite of an error")
			}
			if after := contents(v); !reflect.DeepEqual(before, after) {
				t.Fatalf("the state moved in spite of an error:\n%+v\n%+v", before, after)
			}
			return
		}
		answer := text[:len(text)-len(source.text)]
		if !json.Valid(answer) {
			t.Fatalf("took %q", answer)
		}
		if len(r.Points) > 30+len(known.Metrics)*24 || r.Time.After(moment) || r.ResponseSize != len(answer) {
			t.Fatalf("%d points of %v from %d bytes", len(r.Points), r.Time, r.ResponseSize)
		}
		for i := range v.series {
			if i > 0 && v.series[i-1].number() >= v.series[i].number() || v.series[i].number() >= known.Series {
				t.Fatalf("series out of order: %v", v.series)
			}
		}
		if len(v.series) > 30 || len(v.series) != len(v.values) {
			t.Fatalf("%d series, %d values", len(v.series), len(v.values))
		}

		// The very same answer must be right again, and the other way round
		// must yield the same points.
		again := &sandbox.Reading{}
		if err := v.Read(&pieces{text: string(answer), size: 1}, 64<<10, clock, again); err != nil {
			t.Fatalf("refused the second time: %v", err)
		}
		if shown(r) != shown(again) {
			t.Fatalf("first\n%s\nthen\n%s", shown(r), shown(again))
		}
	})
}
