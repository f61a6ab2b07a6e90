package reader

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var (
	goHost, rustHost = hostText(catalog.Go, "qemu"), hostText(catalog.Rust, "clh")
	honestGuest      = guestText(catalog.Go)

	// timeout is the error of a connection whose deadline has passed.
	timeout = &net.OpError{Op: "read", Net: "unix", Err: os.ErrDeadlineExceeded}
	// clientFailure is an error of the HTTP client.
	clientFailure = sandbox.Failf(sandbox.Malformed, "bad chunk")
)

var outcomeTests = []struct {
	name    string
	flavor  catalog.Flavor
	text    string
	err     error // at the end of the text, nil for io.EOF
	limit   int64 // of the response size, 0 for the default
	outcome sandbox.Outcome
	points  bool // whether the reading has points
}{
	{"complete", catalog.Go, goHost + honestGuest, nil, 0, sandbox.OK, true},
	{"no guest, as with confidential pods", catalog.Go, goHost, nil, 0, sandbox.OK, true},
	{"complete, runtime-rs", catalog.Rust, honestGuest + rustHost, nil, 0, sandbox.OK, true},
	{"no guest, runtime-rs", catalog.Rust, rustHost, nil, 0, sandbox.OK, true},
	{"empty", catalog.Go, "", nil, 0, sandbox.Refused, false},
	{"empty, runtime-rs", catalog.Rust, "", nil, 0, sandbox.Refused, false},
	{"not an exposition", catalog.Go, "404 page not found\n", nil, 0, sandbox.Malformed, false},
	{"only the guest", catalog.Go, honestGuest, nil, 0, sandbox.Malformed, false},
	{"only the guest, runtime-rs", catalog.Rust, honestGuest, nil, 0, sandbox.Malformed, false},
	{"forged part and no shim samples", catalog.Rust, rustHost + honestGuest + shimMark + "x\n", nil, 0, sandbox.Malformed, false},
	{"stalled in the guest part", catalog.Go, goHost + honestGuest[:1000], timeout, 0, sandbox.Partial, true},
	{"stalled in the host part", catalog.Go, goHost[:1000], timeout, 0, sandbox.Partial, true},
	{"stalled before the first byte", catalog.Go, "", timeout, 0, sandbox.Timeout, false},
	{"stalled before the first sample", catalog.Go, "# HELP go_gc", timeout, 0, sandbox.Timeout, false},
	{"stalled, runtime-rs", catalog.Rust, honestGuest, timeout, 0, sandbox.Timeout, false},
	// The guest could have written the apparent host part.
	{"stalled after a host part, runtime-rs", catalog.Rust, honestGuest + rustHost, timeout, 0, sandbox.Timeout, false},
	{"context deadline", catalog.Go, "", context.DeadlineExceeded, 0, sandbox.Timeout, false},
	{"canceled", catalog.Go, goHost, context.Canceled, 0, sandbox.Canceled, false},
	{"disconnected", catalog.Go, goHost, io.ErrUnexpectedEOF, 0, sandbox.Partial, true},
	{"disconnected before the first byte", catalog.Go, "", io.ErrUnexpectedEOF, 0, sandbox.Disconnected, false},
	{"reset", catalog.Go, "", syscall.ECONNRESET, 0, sandbox.Disconnected, false},
	{"truncated line", catalog.Go, goHost + "kata_gue", nil, 0, sandbox.Partial, true},
	{"truncated line, runtime-rs", catalog.Rust, honestGuest + rustHost + "kata_", nil, 0, sandbox.Disconnected, false},
	{"too large", catalog.Go, goHost + honestGuest, nil, int64(len(goHost)) + 100, sandbox.Partial, true},
	{"too large before the first sample", catalog.Go, strings.Repeat("#", 1000), nil, 100, sandbox.Oversize, false},
	{"too large, runtime-rs", catalog.Rust, honestGuest + rustHost, nil, int64(len(honestGuest)), sandbox.Oversize, false},
	{"at the limit", catalog.Rust, honestGuest + rustHost, nil, int64(len(honestGuest) + len(rustHost)), sandbox.OK, true},
	{"client failure", catalog.Go, "", clientFailure, 0, sandbox.Malformed, false},
	{"client failure after host data", catalog.Go, goHost, clientFailure, 0, sandbox.Partial, true},
}

// TestOutcomes checks the outcome of complete, incomplete and invalid responses.
func TestOutcomes(t *testing.T) {
	for _, test := range outcomeTests {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "otel", func(o *Options) { o.MaxResponseSize = test.limit })
			var body io.Reader = strings.NewReader(test.text)
			if test.err != nil {
				body = io.MultiReader(body, iotest.ErrReader(test.err))
			}
			reading := newReading()
			err := New(test.flavor, "clh", settings).Read(body, reading)
			if got := sandbox.OutcomeOf(err); got != test.outcome {
				t.Errorf("outcome %q (%v), want %q", got, err, test.outcome)
			}
			if test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("error %v does not wrap %v", err, test.err)
			}
			if got := len(reading.Points); (got > 0) != test.points {
				t.Errorf("got %d points, want points: %v", got, test.points)
			}
		})
	}
}

// TestErrorTypeOfPartialResponses checks that the cause of a partial response remains
// known: "partial" is an outcome, but not an error type.
func TestErrorTypeOfPartialResponses(t *testing.T) {
	want := map[string]sandbox.Outcome{
		"stalled in the guest part": sandbox.Timeout, "stalled in the host part": sandbox.Timeout,
		"disconnected": sandbox.Disconnected, "truncated line": sandbox.Disconnected, "too large": sandbox.Oversize,
		"client failure after host data": sandbox.Malformed,
	}
	for _, test := range outcomeTests {
		if test.outcome != sandbox.Partial {
			continue
		}
		settings := settingsFor(t, "otel", func(o *Options) { o.MaxResponseSize = test.limit })
		var body io.Reader = strings.NewReader(test.text)
		if test.err != nil {
			body = io.MultiReader(body, iotest.ErrReader(test.err))
		}
		err := New(test.flavor, "clh", settings).Read(body, newReading())
		if got := sandbox.ErrorTypeOf(err); got != want[test.name] {
			t.Errorf("%s: error type %q (%v), want %q", test.name, got, err, want[test.name])
		}
	}
}

// TestPartialResponses truncates a response at many positions. All complete
// lines of the host part must be read.
func TestPartialResponses(t *testing.T) {
	settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = []string{"kata_shim_proc", "kata_shim_threads"} })
	r := New(catalog.Go, "qemu", settings)
	maxPoints := 0
	for cut := 0; cut < len(goHost); cut += 97 {
		reading := newReading()
		if err := r.Read(io.MultiReader(strings.NewReader(goHost[:cut]), iotest.ErrReader(timeout)), reading); err == nil {
			t.Fatal("no error for a truncated response")
		}
		lines := goHost[:strings.LastIndexByte(goHost[:cut], '\n')+1]
		want := 0
		for _, begin := range []string{"\nkata_shim_proc_stat", "\nkata_shim_threads ", "\nprocess_"} {
			want += strings.Count(lines, begin)
		}
		if len(reading.Points) != want {
			t.Errorf("cut at %d: got %d points, want %d", cut, len(reading.Points), want)
		}
		maxPoints = max(maxPoints, want)
	}
	if maxPoints < 20 {
		t.Errorf("no more than %d points: the test checks too little", maxPoints)
	}
}
