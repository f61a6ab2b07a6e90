package snapshot

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// fuzzMaxPoints is the limit on points in FuzzSnapshot.
const fuzzMaxPoints = 30

// FuzzSnapshot passes any input, in chunks of any size, to a verifier that has
// read one snapshot.
func FuzzSnapshot(f *testing.F) {
	reg := testRegistration(f)
	for _, seed := range []string{
		mixedResponse(reg).String(),
		newResponse(reg, testTime).number("disk_reads", 200_000).number("link_rx_bytes", 1<<41).String(),
		newResponse(reg, testTime).number("calls_odd", 3, "kind", "second", "number", "5").
			raw("tasks_open", `,"labels":{},"val":{"int":-9}`).String(),
		newResponse(reg, testTime).histogram("disk_latency", 20, 1, 9, `{"float":13}`, []uint64{0, 2, 1, 1}, "mode", "w").String(),
		newResponse(reg, testTime).raw("disk_reads", `,"external_labels":{"a":"b"},"new":[{}],"val":{"int":152904}`).String(),
		newResponse(reg, testTime).number("disk_reads", 1).String(),
		`{"success":false,"err":"unknown method","result":null}`,
		`{"success":true,"err":"","result":{"event":{"type":"stats"}}}`,
	} {
		f.Add([]byte(seed), uint16(len(seed)))
		f.Add([]byte(seed), uint16(7))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint16) {
		v := NewVerifier(reg, Settings{MaxPoints: fuzzMaxPoints, ZeroFill: registration.ZeroFills[int(size)%len(registration.ZeroFills)]})
		first := &sandbox.Reading{}
		if err := v.Read(strings.NewReader(mixedResponse(reg).String()), 1<<20, clock, first); err != nil {
			t.Fatal(err)
		}
		before := cloneState(v)
		r := &sandbox.Reading{}
		source := &chunkReader{text: string(text), size: max(int(size), 1)}
		if err := v.Read(source, 64<<10, clock, r); err != nil {
			checkFailure(t, err, r)
			if after := cloneState(v); !reflect.DeepEqual(before, after) {
				t.Fatalf("the state changed in spite of an error:\n%+v\n%+v", before, after)
			}
			return
		}
		response := text[:len(text)-len(source.text)]
		checkSuccess(t, reg, response, r, v)

		// The verifier must accept the same response again, whatever the chunk
		// size, and emit the same points.
		again := &sandbox.Reading{}
		if err := v.Read(&chunkReader{text: string(response), size: 1}, 64<<10, clock, again); err != nil {
			t.Fatalf("rejected the second time: %v", err)
		}
		if formatPoints(r) != formatPoints(again) {
			t.Fatalf("first\n%s\nthen\n%s", formatPoints(r), formatPoints(again))
		}
	})
}

func checkFailure(t *testing.T, err error, r *sandbox.Reading) {
	t.Helper()
	switch sandbox.OutcomeOf(err) {
	case sandbox.Oversize, sandbox.Malformed, sandbox.Rejected, sandbox.Refused, sandbox.Disconnected:
	default:
		t.Fatalf("unexpected outcome: %v", err)
	}
	if len(r.Points) > 0 || !r.Time.IsZero() {
		t.Fatal("points in spite of an error")
	}
}

func checkSuccess(t *testing.T, reg *registration.Registration, response []byte, r *sandbox.Reading, v *Verifier) {
	t.Helper()
	if !json.Valid(response) {
		t.Fatalf("accepted %q", response)
	}
	if len(r.Points) > fuzzMaxPoints+len(reg.Metrics)*24 || r.Time.After(testTime) || r.ResponseSize != len(response) {
		t.Fatalf("%d points of %v from %d bytes", len(r.Points), r.Time, r.ResponseSize)
	}
	for i := range v.series {
		if i > 0 && v.series[i-1].number() >= v.series[i].number() || v.series[i].number() >= reg.Series {
			t.Fatalf("series out of order: %v", v.series)
		}
	}
	if len(v.series) > fuzzMaxPoints || len(v.series) != len(v.values) {
		t.Fatalf("%d series, %d values", len(v.series), len(v.values))
	}
}
