package snapshot

import (
	"errors"
	"io"
	"net"
	"os"
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

// cloneState copies the state of a verifier.
func cloneState(v *Verifier) Verifier {
	c := *v
	c.series, c.values = append([]trackedSeries(nil), v.series...), append([]int64(nil), v.values...)
	c.histograms = nil
	for _, h := range v.histograms {
		h.buckets = append([]uint64(nil), h.buckets...)
		c.histograms = append(c.histograms, h)
	}
	return c
}

func TestStateIsUnchangedOnFailure(t *testing.T) {
	reg := testRegistration(t)
	v := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillAll})
	_, err := read(v, mixedResponse(reg).String())
	require.NoError(t, err)
	before := cloneState(v)
	tooEarly := mixedResponse(reg).number("link_rx_packets", 9)
	tooEarly.when = tooEarly.when.Add(-time.Nanosecond)
	for name, text := range map[string]string{
		"last entry rejected": newResponse(reg, testTime).
			number("disk_wait", 1).number("disk_reads", 200_000).number("tasks_open", 0).number("link_rx_bytes", 0).String(),
		"time rejected": tooEarly.String(),
		"truncated":     strings.TrimSuffix(mixedResponse(reg).number("disk_wait", 1).String(), "}"),
		"trailing":      mixedResponse(reg).number("disk_wait", 1).String() + "x",
		"call failed":   strings.Replace(mixedResponse(reg).number("disk_wait", 1).String(), "true", "false", 1),
	} {
		r, err := read(v, text)
		require.Error(t, err, name)
		assert.Empty(t, r.Points, name)
		assert.Equal(t, before, cloneState(v), name)
	}
}

// validSnapshot is the snapshot in responseTests.
const validSnapshot = `{"snapshot":{"when":"2026-11-20T10:19:38.00278976Z",` +
	`"data":[{"metric":{"name":"disk_reads","type":2,"help":` + readsHelp + `},"val":{"int":1}}]}}`

// validResponse is a response with validSnapshot.
const validResponse = `{"success":true,"err":"","result":` + validSnapshot + `}`

var responseTests = []struct {
	name, text string
	outcome    sandbox.Outcome
	rule       Rule
}{
	{"usual order", validResponse, sandbox.OK, ""},
	{"keys in another order", `{"result":` + validSnapshot + `,"err":"","success":true}`, sandbox.OK, ""},
	{"no err", `{"success":true,"result":` + validSnapshot + `}`, sandbox.OK, ""},
	{"unknown keys", `{"success":true,"new":[1],"result":` + validSnapshot + `}`, sandbox.OK, ""},
	{"surrounding white space", " \n" + validResponse + "\n", sandbox.OK, ""},
	{"no data", `{"success":true,"result":{"snapshot":{"when":"2026-11-20T10:19:38Z"}}}`, sandbox.OK, ""},

	{"no success", `{"err":"","result":` + validSnapshot + `}`, sandbox.Malformed, RuleFormat},
	{"success is a number", `{"success":1,"result":` + validSnapshot + `}`, sandbox.Malformed, RuleFormat},
	{"success twice", `{"success":false,"success":true,"result":` + validSnapshot + `}`, sandbox.Malformed, RuleFormat},
	{"success in another case", `{"success":true,"Success":true,"result":` + validSnapshot + `}`, sandbox.Malformed, RuleFormat},
	{"result twice", `{"success":true,"result":` + validSnapshot + `,"result":` + validSnapshot + `}`, sandbox.Malformed, RuleFormat},
	{"no result", `{"success":true,"err":""}`, sandbox.Malformed, RuleNotSnapshot},
	{"result is null", `{"success":true,"err":"","result":null}`, sandbox.Malformed, RuleNotSnapshot},
	{"result without snapshot", `{"success":true,"err":"","result":{"event":{"data":[1]}}}`, sandbox.Malformed, RuleNotSnapshot},
	{"snapshot is null", `{"success":true,"err":"","result":{"snapshot":null}}`, sandbox.Malformed, RuleFormat},
	{"snapshot without time", `{"success":true,"err":"","result":{"snapshot":{"data":[]}}}`, sandbox.Malformed, RuleNotSnapshot},
	{"invalid time", `{"success":true,"result":{"snapshot":{"when":"yesterday"}}}`, sandbox.Malformed, RuleFormat},
	{"time is a number", `{"success":true,"result":{"snapshot":{"when":1}}}`, sandbox.Malformed, RuleFormat},
	{
		"data is an object", `{"success":true,"result":{"snapshot":{"when":"2026-11-20T10:19:38Z","data":{}}}}`,
		sandbox.Malformed, RuleFormat,
	},
	{"an array", `[]`, sandbox.Malformed, RuleFormat},
	{"not JSON", "HTTP/1.1 400 Bad Request\r\n", sandbox.Malformed, RuleFormat},
	{"invalid UTF-8", "{\"err\":\"\xff\"}", sandbox.Malformed, RuleFormat},
	{"trailing bytes", validResponse + "{}", sandbox.Malformed, RuleFormat},
	{"empty", "", sandbox.Disconnected, ""},
	{"truncated", validResponse[:len(validResponse)/2], sandbox.Disconnected, ""},
	{"deep nesting instead of an object", strings.Repeat("[", 100), sandbox.Malformed, RuleFormat},
	{"deep nesting in an unknown key", `{"new":` + strings.Repeat("[", 100), sandbox.Oversize, RuleSize},
	{"long string", `{"err":"` + strings.Repeat("x", 40_000) + `"}`, sandbox.Oversize, RuleSize},
	{"call failed", `{"success":false,"err":"no such container","result":null}`, sandbox.Refused, ""},
	{"call failed without error text", `{"success":false}`, sandbox.Refused, ""},
	{"call failed with a snapshot", `{"success":false,"err":"","result":` + validSnapshot + `}`, sandbox.Refused, ""},
}

func TestResponseOutcomes(t *testing.T) {
	reg := testRegistration(t)
	require.Equal(t, validResponse, newResponse(reg, testTime).number("disk_reads", 1).String())
	for _, test := range responseTests {
		_, err := read(NewVerifier(reg, Settings{}), test.text)
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
	reg := testRegistration(t)
	for text, want := range map[string]string{
		newResponse(reg, testTime).number("disk_reads", -1).String(): `rejected: invalid snapshot (counter_decreased): ` +
			`metric "disk_reads": from 0 to -1`,
		`{"success":true,"result":{"event":{}}}`: `malformed: invalid snapshot (not_a_snapshot): ` +
			`the response contains no snapshot with a timestamp`,
		`{"success":`: `disconnected: truncated JSON at byte 11`,
		`{"success":tru}`: `malformed: invalid snapshot (format): ` +
			`invalid JSON at byte 14: neither true nor false nor null`,
		`{"success":false,"err":"line\none"}`: `refused: sandbox returned an error: "line\none"`,
		`{"result":null}`: `malformed: invalid snapshot (format): ` +
			`response does not state whether the call succeeded`,
	} {
		_, err := read(NewVerifier(reg, Settings{}), text)
		assert.EqualError(t, err, want)
	}

	// Text of a hostile sandbox is truncated.
	_, err := read(NewVerifier(reg, Settings{}), newResponse(reg, testTime).raw(strings.Repeat("x", 10_000), "").String())
	assert.Less(t, len(err.Error()), 500)
	_, err = read(NewVerifier(reg, Settings{}), `{"success":false,"err":"`+strings.Repeat("x", 10_000)+`"}`)
	assert.Less(t, len(err.Error()), 500)
}

// TestErrorTextsOfComparisons checks the values in errors about two snapshots: they
// are all that a user sees of the first one.
func TestErrorTextsOfComparisons(t *testing.T) {
	reg := testRegistration(t)
	const rejected = "rejected: invalid snapshot "
	for _, test := range []struct {
		first, second *response
		want          string
	}{
		{
			newResponse(reg, testTime), newResponse(reg, testTime.Add(-2*time.Second)),
			rejected + "(order): taken 2s before the previous snapshot",
		},
		{
			newResponse(reg, testTime).number("disk_reads", 5), newResponse(reg, testTime).number("disk_reads", 4),
			rejected + `(counter_decreased): metric "disk_reads": from 5 to 4`,
		},
		{
			latency(4, 2, 2, `{"float":1.53125}`, 0, 2, 0, 0)(newResponse(reg, testTime)),
			latency(6, 2, 2, `{"float":1.25}`, 0, 3, 0, 0)(newResponse(reg, testTime)),
			rejected + `(` + string(RuleSSDFell) + `): metric "disk_latency": from 1.53125 to 1.25`,
		},
	} {
		v := NewVerifier(reg, Settings{})
		_, err := read(v, test.first.String())
		require.NoError(t, err)
		_, err = read(v, test.second.String())
		assert.EqualError(t, err, test.want)
	}
}

func TestErrorsOfSource(t *testing.T) {
	reg := testRegistration(t)
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
		err := NewVerifier(reg, Settings{}).Read(source, 1000, clock, r)
		assert.Equal(t, test.outcome, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, test.err)
		assert.Equal(t, 16, r.ResponseSize)
	}
}

func TestByteLimit(t *testing.T) {
	reg := testRegistration(t)
	text := mixedResponse(reg).String()
	v := NewVerifier(reg, Settings{})
	require.NoError(t, v.Read(strings.NewReader(text), int64(len(text)), clock, &sandbox.Reading{}))
	err := v.Read(strings.NewReader(text), int64(len(text))-1, clock, &sandbox.Reading{})
	assert.Equal(t, sandbox.Oversize, sandbox.OutcomeOf(err))
	assert.ErrorIs(t, err, jsonscan.ErrInputSize)
}

// After a restart, all values may begin anew, but the order of snapshots remains.
func TestRestart(t *testing.T) {
	reg := testRegistration(t)
	first := latency(4, 2, 2, `{"float":1.5}`, 0, 2, 0, 0)(newResponse(reg, testTime).number("disk_reads", 5))
	second := latency(1, 1, 1, `{}`, 1, 0, 0, 0)(newResponse(reg, testTime).number("disk_reads", 4))
	v := NewVerifier(reg, Settings{})
	_, err := read(v, first.String())
	require.NoError(t, err)
	_, err = read(v, second.String())
	require.Error(t, err)
	v.Restart()
	_, err = read(v, newResponse(reg, testTime.Add(-2*time.Second)).String())
	require.ErrorContains(t, err, "(order)")
	_, err = read(v, second.String())
	require.NoError(t, err)
	_, err = read(v, newResponse(reg, testTime).number("disk_reads", 3).String())
	require.ErrorContains(t, err, "from 4 to 3")
}
