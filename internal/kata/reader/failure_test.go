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

// timeout is the error of a connection whose deadline has passed.
var timeout = &net.OpError{Op: "read", Net: "unix", Err: os.ErrDeadlineExceeded}

// TestBroken checks what becomes of answers that break off.
func TestBroken(t *testing.T) {
	goHost, rustHost := hostText(catalog.Go, "qemu"), hostText(catalog.Rust, "clh")
	guest := guestText(catalog.Go)
	for _, test := range []struct {
		name    string
		flavor  catalog.Flavor
		text    string
		err     error // in place of the end
		limit   int64
		outcome sandbox.Outcome
		some    bool // points
	}{
		{"whole", catalog.Go, goHost + guest, nil, 0, sandbox.OK, true},
		{"no guest, as of confidential pods", catalog.Go, goHost, nil, 0, sandbox.OK, true},
		{"whole of runtime-rs", catalog.Rust, guest + rustHost, nil, 0, sandbox.OK, true},
		{"no guest of runtime-rs", catalog.Rust, rustHost, nil, 0, sandbox.OK, true},
		{"empty", catalog.Go, "", nil, 0, sandbox.Refused, false},
		{"empty of runtime-rs", catalog.Rust, "", nil, 0, sandbox.Refused, false},
		{"not an exposition", catalog.Go, "404 page not found\n", nil, 0, sandbox.Malformed, false},
		{"only the guest", catalog.Go, guest, nil, 0, sandbox.Malformed, false},
		{"only the guest of runtime-rs", catalog.Rust, guest, nil, 0, sandbox.Malformed, false},
		{"forged part, then no samples of the shim", catalog.Rust, rustHost + guest + shimMark + "x\n", nil, 0, sandbox.Malformed, false},
		{"stalled in the guest part", catalog.Go, goHost + guest[:1000], timeout, 0, sandbox.Partial, true},
		{"stalled in the host part", catalog.Go, goHost[:1000], timeout, 0, sandbox.Partial, true},
		{"stalled at once", catalog.Go, "", timeout, 0, sandbox.Timeout, false},
		{"stalled before the first sample", catalog.Go, "# HELP go_gc", timeout, 0, sandbox.Timeout, false},
		{"stalled of runtime-rs", catalog.Rust, guest, timeout, 0, sandbox.Timeout, false},
		// A guest could have written the host part that has come so far.
		{"stalled after a host part of runtime-rs", catalog.Rust, guest + rustHost, timeout, 0, sandbox.Timeout, false},
		{"context", catalog.Go, "", context.DeadlineExceeded, 0, sandbox.Timeout, false},
		{"canceled", catalog.Go, goHost, context.Canceled, 0, sandbox.Canceled, false},
		{"cut off", catalog.Go, goHost, io.ErrUnexpectedEOF, 0, sandbox.Partial, true},
		{"cut off at once", catalog.Go, "", io.ErrUnexpectedEOF, 0, sandbox.Disconnected, false},
		{"reset", catalog.Go, "", syscall.ECONNRESET, 0, sandbox.Disconnected, false},
		{"in mid-line", catalog.Go, goHost + "kata_gue", nil, 0, sandbox.Partial, true},
		{"in mid-line of runtime-rs", catalog.Rust, guest + rustHost + "kata_", nil, 0, sandbox.Disconnected, false},
		{"too large", catalog.Go, goHost + guest, nil, int64(len(goHost)) + 100, sandbox.Partial, true},
		{"too large at once", catalog.Go, strings.Repeat("#", 1000), nil, 100, sandbox.Oversize, false},
		{"too large of runtime-rs", catalog.Rust, guest + rustHost, nil, int64(len(guest)), sandbox.Oversize, false},
		{"at the limit", catalog.Rust, guest + rustHost, nil, int64(len(guest) + len(rustHost)), sandbox.OK, true},
		{"failure of the client", catalog.Go, "", sandbox.Failf(sandbox.Malformed, "bad chunk"), 0, sandbox.Malformed, false},
		{"failure of the client after host data", catalog.Go, goHost, sandbox.Failf(sandbox.Malformed, "bad chunk"), 0, sandbox.Partial, true},
	} {
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
				t.Errorf("error %v does not tell that %v", err, test.err)
			}
			if some := len(reading.Points) > 0; some != test.some {
				t.Errorf("%d points", len(reading.Points))
			}
		})
	}
}

// TestSalvage cuts an answer after every line and within: all whole lines of
// the host count.
func TestSalvage(t *testing.T) {
	settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = []string{"kata_shim_proc", "kata_shim_threads"} })
	host := hostText(catalog.Go, "qemu")
	rd := New(catalog.Go, "qemu", settings)
	most := 0
	for cut := 0; cut < len(host); cut += 97 {
		reading := newReading()
		if err := rd.Read(io.MultiReader(strings.NewReader(host[:cut]), iotest.ErrReader(timeout)), reading); err == nil {
			t.Fatal("no error for an answer that broke off")
		}
		whole := host[:strings.LastIndexByte(host[:cut], '\n')+1]
		want := strings.Count(whole, "\nkata_shim_proc_stat") + strings.Count(whole, "\nkata_shim_threads ") + strings.Count(whole, "\nprocess_")
		if len(reading.Points) != want {
			t.Errorf("cut at %d: %d points, want %d", cut, len(reading.Points), want)
		}
		most = max(most, want)
	}
	if most < 20 {
		t.Errorf("at most %d points: the test does not test", most)
	}
}
