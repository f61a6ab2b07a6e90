package snapshot

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var update = flag.Bool("update", false, "write the golden files anew")

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run go test -update to write %s anew", path)
}

// mixed has something of everything, in no order.
func mixed(known *registration.Registration) *answer {
	return newAnswer(known, moment).
		number("tasks_open", -2).
		histogram("disk_latency", 9, 2, 7, `{"float":12.5}`, []uint64{0, 1, 1, 0}, "mode", "w").
		number("disk_reads", 152903).
		number("calls_odd", 3, "kind", "second", "number", "5").
		histogram("disk_latency", 0, 0, 0, `{}`, []uint64{0, 0, 0, 0}, "mode", "r").
		number("link_rx_bytes", 1<<40).
		number("calls_odd", 1, "kind", "first", "number", "-1")
}

func TestReadDelivers(t *testing.T) {
	known := testRegistration(t)
	r, err := read(NewVerifier(known, Settings{}), mixed(known).String())
	require.NoError(t, err)
	assert.Equal(t, moment, r.Time)
	assert.Equal(t, time.UTC, r.Time.Location())
	assert.Equal(t, len(mixed(known).String()), r.ResponseSize)
	checkGolden(t, "mixed.golden", shown(r))
}

func TestReadAppends(t *testing.T) {
	known := testRegistration(t)
	r := &sandbox.Reading{}
	r.Add(&sandbox.Family{OTel: sandbox.Descriptor{Name: "before"}}, sandbox.Int(1))
	require.NoError(t, NewVerifier(known, Settings{}).Read(strings.NewReader(newAnswer(known, moment).number("disk_reads", 1).String()), 1000, clock, r))
	assert.Equal(t, "before 1\ngvisor.disk.reads 1\n", shown(r))
}

func TestTimesWithAnOffset(t *testing.T) {
	known := testRegistration(t)
	when := moment.In(time.FixedZone("", 2*3600))
	r, err := read(NewVerifier(known, Settings{}), newAnswer(known, when).String())
	require.NoError(t, err)
	assert.Equal(t, moment, r.Time)
}

func TestOrderIsThatOfPathsWhateverTheAnswerSays(t *testing.T) {
	known := testRegistration(t)
	want, err := read(NewVerifier(known, Settings{}), mixed(known).String())
	require.NoError(t, err)
	for seed := range uint64(20) {
		a := mixed(known)
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(a.entries), func(i, j int) { a.entries[i], a.entries[j] = a.entries[j], a.entries[i] })
		got, err := read(NewVerifier(known, Settings{}), a.String())
		require.NoError(t, err)
		require.Equal(t, shown(want), shown(got))
	}
}

func TestZeroFill(t *testing.T) {
	known := testRegistration(t)
	v := NewVerifier(known, Settings{ZeroFill: true})
	r, err := read(v, newAnswer(known, moment).number("disk_reads", 7).number("calls_odd", 2, "kind", "second", "number", "1").number("tasks_open", 0).String())
	require.NoError(t, err)
	checkGolden(t, "zero_fill.golden", shown(r))
	assert.Len(t, r.Points, 3*8+4+1)

	// A counter that was there and is missing now is not at zero.
	r, err = read(v, newAnswer(known, moment).number("link_rx_packets", 1).String())
	require.NoError(t, err)
	assert.NotContains(t, shown(r), "gvisor.disk.reads")
	assert.Contains(t, shown(r), "gvisor.disk.wait 0\n")
	assert.Contains(t, shown(r), "gvisor.link.rx.packets 1\n")
	assert.NotContains(t, shown(r), "gvisor.link.rx.packets 0\n")

	// Every series delivered so far ends exactly once.
	ended := &sandbox.Reading{}
	v.AppendSeries(ended)
	assert.Len(t, ended.Points, 3*8+4+1)
	ended.Reset()
	v.AppendSeries(ended)
	assert.Empty(t, ended.Points)

	filtered := NewVerifier(known, Settings{ZeroFill: true, Filter: regexp.MustCompile(`^(?:disk_.*)$`)})
	r, err = read(filtered, newAnswer(known, moment).String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.disk.reads 0\ngvisor.disk.wait 0\n", shown(r))
}

func TestSeries(t *testing.T) {
	known := testRegistration(t)
	v := NewVerifier(known, Settings{})
	series := func() []string {
		r := &sandbox.Reading{}
		v.AppendSeries(r)
		var lines []string
		for _, p := range r.Points {
			assert.Equal(t, p.Family.Prometheus.Kind == sandbox.Histogram, p.Distribution != nil)
			lines = append(lines, p.Family.Prometheus.Name+fmt.Sprint(p.Labels))
		}
		return lines
	}
	assert.Empty(t, series())
	_, err := read(v, newAnswer(known, moment).number("disk_reads", 7).number("tasks_open", 1).String())
	require.NoError(t, err)
	_, err = read(v, newAnswer(known, moment).
		number("calls_odd", 2, "kind", "second", "number", "1").number("disk_reads", 7).
		histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4), "mode", "w").
		histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4), "mode", "r").String())
	require.NoError(t, err)
	_, err = read(v, newAnswer(known, moment).number("link_rx_bytes", 1).number("disk_reads", 6).String())
	require.Error(t, err, "what was refused was not delivered")
	assert.Equal(t, []string{
		"runsc_calls_odd[second 1]",
		"runsc_disk_latency[r]", "runsc_disk_latency[w]",
		"runsc_disk_latency_min[r]", "runsc_disk_latency_min[w]",
		"runsc_disk_latency_max[r]", "runsc_disk_latency_max[w]",
		"runsc_disk_latency_ssd[r]", "runsc_disk_latency_ssd[w]",
		"runsc_disk_reads[]",
		"runsc_tasks_open[]",
	}, series())
	assert.Empty(t, series(), "reported once")

	_, err = read(v, newAnswer(known, moment).number("disk_reads", 6).String())
	require.Error(t, err, "the last values are still known")
	_, err = read(v, newAnswer(known, moment).number("disk_reads", 8).String())
	require.NoError(t, err)
	assert.Equal(t, []string{"runsc_disk_reads[]"}, series())
}

// contents copies all that a verifier remembers.
func contents(v *Verifier) Verifier {
	c := *v
	c.series, c.values = append([]remembered(nil), v.series...), append([]int64(nil), v.values...)
	c.histograms = nil
	for _, h := range v.histograms {
		h.buckets = append([]uint64(nil), h.buckets...)
		c.histograms = append(c.histograms, h)
	}
	return c
}

func TestNothingMovesOnFailure(t *testing.T) {
	known := testRegistration(t)
	v := NewVerifier(known, Settings{ZeroFill: true})
	_, err := read(v, mixed(known).String())
	require.NoError(t, err)
	before := contents(v)
	better := mixed(known).number("link_rx_packets", 9)
	better.when = better.when.Add(-time.Nanosecond)
	for name, text := range map[string]string{
		"refused at the end": newAnswer(known, moment).number("disk_wait", 1).number("disk_reads", 200_000).number("tasks_open", 0).number("link_rx_bytes", 0).String(),
		"refused time":       better.String(),
		"truncated":          strings.TrimSuffix(mixed(known).number("disk_wait", 1).String(), "}"),
		"trailing":           mixed(known).number("disk_wait", 1).String() + "x",
		"call failed":        strings.Replace(mixed(known).number("disk_wait", 1).String(), "true", "false", 1),
	} {
		r, err := read(v, text)
		require.Error(t, err, name)
		assert.Empty(t, r.Points, name)
		assert.Equal(t, before, contents(v), name)
	}
}

func TestAnswersThatAreNoSnapshot(t *testing.T) {
	known := testRegistration(t)
	whole := newAnswer(known, moment).number("disk_reads", 1).String()
	snapshot := strings.TrimSuffix(strings.TrimPrefix(whole, `{"success":true,"err":"","result":`), "}")
	for _, test := range []struct {
		name, text string
		outcome    sandbox.Outcome
		rule       Rule
	}{
		{"whole", whole, sandbox.OK, ""},
		{"keys in another order", `{"result":` + snapshot + `,"err":"","success":true}`, sandbox.OK, ""},
		{"no err", `{"success":true,"result":` + snapshot + `}`, sandbox.OK, ""},
		{"unknown keys", `{"success":true,"new":[1],"result":` + snapshot + `}`, sandbox.OK, ""},
		{"white space around", " \n" + whole + "\n", sandbox.OK, ""},
		{"no data", `{"success":true,"result":{"snapshot":{"when":"2026-11-20T10:19:38Z"}}}`, sandbox.OK, ""},

		{"no success", `{"err":"","result":` + snapshot + `}`, sandbox.Malformed, RuleFormat},
		{"success is a number", `{"success":1,"result":` + snapshot + `}`, sandbox.Malformed, RuleFormat},
		{"success twice", `{"success":false,"success":true,"result":` + snapshot + `}`, sandbox.Malformed, RuleFormat},
		{"success in another case", `{"success":true,"Success":true,"result":` + snapshot + `}`, sandbox.Malformed, RuleFormat},
		{"result twice", `{"success":true,"result":` + snapshot + `,"result":` + snapshot + `}`, sandbox.Malformed, RuleFormat},
		{"no result", `{"success":true,"err":""}`, sandbox.Malformed, RuleNotSnapshot},
		{"null for a result", `{"success":true,"err":"","result":null}`, sandbox.Malformed, RuleNotSnapshot},
		{"result without snapshot", `{"success":true,"err":"","result":{"event":{"data":[1]}}}`, sandbox.Malformed, RuleNotSnapshot},
		{"null for a snapshot", `{"success":true,"err":"","result":{"snapshot":null}}`, sandbox.Malformed, RuleFormat},
		{"snapshot without time", `{"success":true,"err":"","result":{"snapshot":{"data":[]}}}`, sandbox.Malformed, RuleNotSnapshot},
		{"time is no time", `{"success":true,"result":{"snapshot":{"when":"yesterday"}}}`, sandbox.Malformed, RuleFormat},
		{"time is a number", `{"success":true,"result":{"snapshot":{"when":1}}}`, sandbox.Malformed, RuleFormat},
		{"data is an object", `{"success":true,"result":{"snapshot":{"when":"2026-11-20T10:19:38Z","data":{}}}}`, sandbox.Malformed, RuleFormat},
		{"an array", `[]`, sandbox.Malformed, RuleFormat},
		{"garbage", "HTTP/1.1 400 Bad Request\r\n", sandbox.Malformed, RuleFormat},
		{"invalid UTF-8", "{\"err\":\"\xff\"}", sandbox.Malformed, RuleFormat},
		{"something behind", whole + "{}", sandbox.Malformed, RuleFormat},
		{"nothing", "", sandbox.Disconnected, ""},
		{"half", whole[:len(whole)/2], sandbox.Disconnected, ""},
		{"deep nesting", strings.Repeat("[", 100), sandbox.Malformed, RuleFormat},
		{"deep nesting inside", `{"new":` + strings.Repeat("[", 100), sandbox.Oversize, RuleSize},
		{"a long text", `{"err":"` + strings.Repeat("x", 40_000) + `"}`, sandbox.Oversize, RuleSize},
		{"refused", `{"success":false,"err":"no such container","result":null}`, sandbox.Refused, ""},
		{"refused without reason", `{"success":false}`, sandbox.Refused, ""},
		{"refused with a snapshot", `{"success":false,"err":"","result":` + snapshot + `}`, sandbox.Refused, ""},
	} {
		_, err := read(NewVerifier(known, Settings{}), test.text)
		assert.Equal(t, test.outcome, sandbox.OutcomeOf(err), "%s: %v", test.name, err)
		var violation *Violation
		if errors.As(err, &violation) {
			assert.Equal(t, test.rule, violation.Rule, "%s: %v", test.name, err)
		} else {
			assert.Empty(t, test.rule, "%s: %v", test.name, err)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	known := testRegistration(t)
	for text, want := range map[string]string{
		newAnswer(known, moment).number("disk_reads", -1).String(): `rejected: snapshot refused (counter_decreased): metric "disk_reads": from 0 to -1`,
		`{"success":true,"result":{"event":{}}}`:                   `malformed: snapshot refused (not_a_snapshot): the result holds no snapshot with a time`,
		`{"success":`:                                              `disconnected: truncated JSON at byte 11`,
		`{"success":tru}`:                                          `malformed: snapshot refused (format): invalid JSON at byte 14: neither true nor false nor null`,
		`{"success":false,"err":"line\none"}`:                      `refused: the sandbox refused: "line\none"`,
	} {
		_, err := read(NewVerifier(known, Settings{}), text)
		assert.EqualError(t, err, want)
	}

	// A hostile text is shortened.
	_, err := read(NewVerifier(known, Settings{}), newAnswer(known, moment).raw(strings.Repeat("x", 10_000), "").String())
	assert.Less(t, len(err.Error()), 500)
	_, err = read(NewVerifier(known, Settings{}), `{"success":false,"err":"`+strings.Repeat("x", 10_000)+`"}`)
	assert.Less(t, len(err.Error()), 500)
}

func TestErrorsOfTheSource(t *testing.T) {
	known := testRegistration(t)
	for _, test := range []struct {
		err     error
		outcome sandbox.Outcome
	}{
		{os.ErrDeadlineExceeded, sandbox.Timeout},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, sandbox.Timeout},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, sandbox.Disconnected},
		{net.ErrClosed, sandbox.Disconnected},
		{io.ErrUnexpectedEOF, sandbox.Disconnected},
	} {
		source := io.MultiReader(strings.NewReader(`{"success":true,`), iotest.ErrReader(test.err))
		r := &sandbox.Reading{}
		err := NewVerifier(known, Settings{}).Read(source, 1000, clock, r)
		assert.Equal(t, test.outcome, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, test.err)
		assert.Equal(t, 16, r.ResponseSize)
	}
}

func TestLimitOfBytes(t *testing.T) {
	known := testRegistration(t)
	text := mixed(known).String()
	v := NewVerifier(known, Settings{})
	require.NoError(t, v.Read(strings.NewReader(text), int64(len(text)), clock, &sandbox.Reading{}))
	err := v.Read(strings.NewReader(text), int64(len(text))-1, clock, &sandbox.Reading{})
	assert.Equal(t, sandbox.Oversize, sandbox.OutcomeOf(err))
	assert.ErrorIs(t, err, jsonscan.ErrInputSize)
}

// repeating is a text that never ends, except for a limit to find a reader
// that does not stop.
type repeating struct {
	start, text string
	sent        int
}

func (r *repeating) Read(p []byte) (int, error) {
	if r.sent > 64<<20 {
		return 0, errors.New("read without end")
	}
	n := 0
	for n < len(p) {
		source, offset := r.start, r.sent
		if offset >= len(r.start) {
			source, offset = r.text, (offset-len(r.start))%len(r.text)
		}
		copied := copy(p[n:], source[offset:])
		n, r.sent = n+copied, r.sent+copied
	}
	return n, nil
}

func TestEndlessAnswersCostLittle(t *testing.T) {
	known := testRegistration(t)
	entry := newAnswer(known, moment).number("disk_reads", 1).entries[0]
	start := `{"success":true,"result":{"snapshot":{"data":[`
	const limit = 4 << 20
	for name, source := range map[string]*repeating{
		"points":      {start: start, text: entry + ","},
		"string":      {start: `{"err":"`, text: "x"},
		"white space": {start: start, text: " "},
		"other keys":  {start: `{`, text: `"x":[1,2,3],`},
		"labels":      {start: start + `{"labels":{`, text: `"x":"y",`},
		"buckets":     {start: start + `{"histogram":{"buckets":[`, text: `{"le":{},"n":1},`},
		"zeros":       {text: "\x00"},
		"nesting":     {start: `{"x":`, text: "["},
	} {
		t.Run(name, func(t *testing.T) {
			v := NewVerifier(known, Settings{})
			r := &sandbox.Reading{}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := v.Read(source, limit, clock, r)
			runtime.ReadMemStats(&after)
			assert.Contains(t, []sandbox.Outcome{sandbox.Oversize, sandbox.Malformed, sandbox.Rejected}, sandbox.OutcomeOf(err), "%v", err)
			assert.LessOrEqual(t, source.sent, limit+1)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
			assert.Empty(t, r.Points)
			assert.Empty(t, v.series)
		})
	}
}

// TestPieces delivers a long answer in pieces of all sizes, so that entries
// straddle what has arrived in every possible way.
func TestPieces(t *testing.T) {
	known := wideRegistration(t, 150)
	a := newAnswer(known, moment)
	for i := range known.Metrics {
		a.number(known.Metrics[i].Name, int64(i))
	}
	text := a.String()
	require.Greater(t, len(text), 16<<10)
	want, err := read(NewVerifier(known, Settings{}), text)
	require.NoError(t, err)
	for _, size := range []int{1, 2, 3, 7, 64, 100, 1000, 1009, 4096, 16383, 16384, 16385} {
		r := &sandbox.Reading{}
		require.NoError(t, NewVerifier(known, Settings{}).Read(&pieces{text: text, size: size}, 1<<20, clock, r), size)
		require.Equal(t, shown(want), shown(r))
	}
}

type pieces struct {
	text string
	size int
}

func (p *pieces) Read(buffer []byte) (int, error) {
	n := copy(buffer[:min(len(buffer), p.size)], p.text)
	p.text = p.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// wideRegistration has so many counters, with texts as long as usual.
func wideRegistration(t testing.TB, counters int) *registration.Registration {
	t.Helper()
	var metrics []string
	for i := range counters {
		metrics = append(metrics, fmt.Sprintf(
			`{"name":"/netstack/thing/number_%[1]d","prometheus_name":"netstack_thing_number_%[1]d","description":"Number of things of the kind %[1]d that the stack has seen since.","cumulative":true}`, i))
	}
	known, err := registration.Parse([]byte(`{"metrics":[`+strings.Join(metrics, ",")+`]}`), "runsc_", registration.Limits{})
	require.NoError(t, err)
	return known
}

// usual is an answer of 60 points and 9 KB, in random order.
func usual(known *registration.Registration, round int64) string {
	a := newAnswer(known, moment)
	for i := range known.Metrics {
		a.number(known.Metrics[i].Name, 100_000+round)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(a.entries), func(i, j int) { a.entries[i], a.entries[j] = a.entries[j], a.entries[i] })
	return a.String()
}

func TestNothingIsAllocatedAfterTheFirstRead(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	known := testRegistration(t)
	text := newAnswer(known, moment).number("disk_reads", 7).number("tasks_open", 0).number("tasks_open", -1)
	text.entries = text.entries[:2]
	text.number("calls_odd", 3, "kind", "second", "number", "5").
		raw("calls_odd", `,"labels":{"number":"6","kind":"\u0073econd"},"val":{"int":9}`)
	data := []byte(text.String())
	for _, zeroFill := range []bool{false, true} {
		v := NewVerifier(known, Settings{ZeroFill: zeroFill})
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
	known := wideRegistration(t, 60)
	text := usual(known, 0)
	_, err := read(NewVerifier(known, Settings{}), text)
	require.NoError(t, err)
	const sandboxes = 500
	verifiers := make([]*Verifier, sandboxes)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range verifiers {
		verifiers[i] = NewVerifier(known, Settings{})
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
	known := wideRegistration(b, 60)
	data := []byte(usual(known, 0))
	for _, kind := range []struct {
		name     string
		settings Settings
	}{{"60 points", Settings{}}, {"60 points and zero fill", Settings{ZeroFill: true}}} {
		b.Run(kind.name, func(b *testing.B) {
			v := NewVerifier(known, kind.settings)
			benchmark(b, v, data)
		})
	}
	b.Run("any order of keys", func(b *testing.B) {
		benchmark(b, NewVerifier(known, Settings{}), bytes.ReplaceAll(data, []byte(`{"metric":`), []byte(`{ "metric":`)))
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

// BenchmarkCapture reads the answer of a real busy sandbox.
func BenchmarkCapture(b *testing.B) {
	data := capture(b, "busy.export.response.json")
	v := NewVerifier(capturedRegistration(b), Settings{AnyAge: true})
	benchmark(b, v, data)
}
