package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// wideRegistration returns a registration of n counters, with texts of typical
// length.
func wideRegistration(t testing.TB, n int) *registration.Registration {
	t.Helper()
	var metrics []string
	for i := range n {
		metrics = append(metrics, fmt.Sprintf(
			`{"name":"/netstack/thing/number_%[1]d","prometheus_name":"netstack_thing_number_%[1]d",`+
				`"description":"Number of things of the kind %[1]d that the stack has seen since.","cumulative":true}`, i))
	}
	reg, err := registration.Parse([]byte(`{"metrics":[`+strings.Join(metrics, ",")+`]}`), "runsc_", registration.Limits{})
	require.NoError(t, err)
	return reg
}

// typicalResponse returns a response with one point per metric in random order:
// 9 KB for 60 points.
func typicalResponse(reg *registration.Registration) string {
	r := newResponse(reg, testTime)
	for i := range reg.Metrics {
		r.number(reg.Metrics[i].Name, 100_000)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(r.entries), func(i, j int) { r.entries[i], r.entries[j] = r.entries[j], r.entries[i] })
	return r.String()
}

func TestReadDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop objects")
	}
	reg := testRegistration(t)
	text := newResponse(reg, testTime).number("disk_reads", 7).number("tasks_open", 0).number("tasks_open", -1)
	text.entries = text.entries[:2]
	text.number("calls_odd", 3, "kind", "second", "number", "5").
		raw("calls_odd", `,"labels":{"number":"6","kind":"\u0073econd"},"val":{"int":9}`)
	data := []byte(text.String())
	for _, zeroFill := range registration.ZeroFills {
		v := NewVerifier(reg, Settings{ZeroFill: zeroFill})
		source := bytes.NewReader(nil)
		r := &sandbox.Reading{}
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			source.Reset(data)
			r.Reset()
			if err := v.Read(source, 1<<20, clock, r); err != nil {
				t.Fatal(err)
			}
		}), "zero fill %v", zeroFill)
	}
}

func TestMemoryPerSandbox(t *testing.T) {
	reg := wideRegistration(t, 60)
	text := typicalResponse(reg)
	_, err := read(NewVerifier(reg, Settings{}), text)
	require.NoError(t, err)
	const sandboxes = 500
	verifiers := make([]*Verifier, sandboxes)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range verifiers {
		verifiers[i] = NewVerifier(reg, Settings{})
		_, err := read(verifiers[i], text)
		require.NoError(t, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / sandboxes
	t.Logf("%d bytes per sandbox", each)
	assert.Less(t, each, int64(2048))
	runtime.KeepAlive(verifiers)
}

func BenchmarkRead(b *testing.B) {
	reg := wideRegistration(b, 60)
	data := []byte(typicalResponse(reg))
	for _, kind := range []struct {
		name     string
		settings Settings
	}{{"60 points", Settings{}}, {"60 points and zero fill", Settings{ZeroFill: registration.ZeroFillAll}}} {
		b.Run(kind.name, func(b *testing.B) {
			v := NewVerifier(reg, kind.settings)
			benchmark(b, v, data)
		})
	}
	b.Run("any order of keys", func(b *testing.B) {
		benchmark(b, NewVerifier(reg, Settings{}), bytes.ReplaceAll(data, []byte(`{"metric":`), []byte(`{ "metric":`)))
	})
}

func benchmark(b *testing.B, v *Verifier, data []byte) {
	source := bytes.NewReader(nil)
	r := &sandbox.Reading{}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		source.Reset(data)
		r.Reset()
		if err := v.Read(source, 1<<20, clock, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCapture reads a response captured from a busy sandbox.
func BenchmarkCapture(b *testing.B) {
	data := capture(b, "busy.export.response.json")
	v := NewVerifier(capturedRegistration(b), Settings{AnyAge: true})
	benchmark(b, v, data)
}
