package kata

import (
	"context"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// honestTest lists families that a reading of an honest pod must and must not
// have.
type honestTest struct {
	options simkata.Options
	want    []string
	without []string
}

var honestTests = map[string]honestTest{
	"Go": {
		options: simkata.Options{},
		want:    []string{"kata.shim.thread.count", "kata.hypervisor.cpu.time", "kata.guest.cpu.time"},
	},
	"CRI-O": {
		options: simkata.Options{Pod: simulate.CRIO},
		want:    []string{"kata.shim.thread.count"},
	},
	"runtime-rs": {
		options: simkata.Options{Rust: true},
		want:    []string{"kata.shim.thread.count", "kata.guest.cpu.time"},
	},
	// The policy of confidential pods forbids metrics of the guest.
	"confidential": {
		options: simkata.Options{NoGuest: true},
		want:    []string{"kata.shim.thread.count"},
		without: []string{"kata.guest.cpu.time"},
	},
}

func TestHonestShims(t *testing.T) {
	for name, test := range honestTests {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, test.options)
			pod := s.Identity().Pod
			if pod.UID == "" || (!test.options.Rust && pod.Name != s.pod.PodName()) {
				t.Errorf("got pod %+v, want %s", pod, s.pod.PodName())
			}
			for range 2 {
				test.pull(t, s.Sandbox)
			}
			load := s.pod.Load()
			if load.Calls != 2 || load.Forbidden != 0 || load.MaxInFlight != 1 {
				t.Errorf("got load %+v, want 2 consecutive requests for metrics", load)
			}
			eventually(t, func() bool { return s.pod.Load().Connections == 0 })
		})
	}
}

// pull pulls the sandbox and checks the reading.
func (test *honestTest) pull(t *testing.T, s *Sandbox) {
	t.Helper()
	r, err := pull(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range test.want {
		if !hasFamily(r, name) {
			t.Errorf("family %s is missing", name)
		}
	}
	for _, name := range test.without {
		if hasFamily(r, name) {
			t.Errorf("family %s is unexpected", name)
		}
	}
	if r.ResponseSize == 0 || r.Time.IsZero() || r.Start.IsZero() || r.Start.After(r.Time) {
		t.Errorf("got %d bytes at %v with start %v", r.ResponseSize, r.Time, r.Start)
	}
	checkContent(t, r)
}

// hostileOutcomes are the expected outcomes of pulls, for the shims of both
// runtimes. The Go runtime sends the host part first, runtime-rs last, so the same
// disruption in the guest part leaves the host part of the former only.
var hostileOutcomes = map[simulate.Mode]struct{ golang, rust sandbox.Outcome }{
	simkata.Refuse:           {sandbox.Unreachable, sandbox.Unreachable},
	simkata.HangBeforeHost:   {sandbox.Timeout, sandbox.Timeout},
	simkata.HangAfterHost:    {sandbox.Partial, sandbox.Timeout},
	simkata.Trickle:          {sandbox.Timeout, sandbox.Timeout},
	simkata.Endless:          {sandbox.Partial, sandbox.Oversize},
	simkata.Truncated:        {sandbox.Partial, sandbox.Disconnected},
	simkata.ForgedHost:       {sandbox.OK, sandbox.OK},
	simkata.SpoofedLabels:    {sandbox.OK, sandbox.OK},
	simkata.TypeFlips:        {sandbox.OK, sandbox.OK},
	simkata.QuotedNames:      {sandbox.OK, sandbox.OK},
	simkata.NewlineInjection: {sandbox.OK, sandbox.OK},
	simkata.Huge:             {sandbox.Partial, sandbox.Oversize},
	simkata.ManySeries:       {sandbox.Partial, sandbox.Oversize},
	simkata.MissingNewline:   {sandbox.Partial, sandbox.OK},
	simkata.CreatedAhead:     {sandbox.OK, sandbox.OK},
	simkata.MixedAnnotations: {sandbox.OK, sandbox.OK},
	simkata.Spinning:         {sandbox.Partial, sandbox.OK},
}

// Whatever a hostile pod does, a pull ends in time, returns the right outcome, and
// produces no forged points.
func TestHostileShims(t *testing.T) {
	for _, info := range simkata.Modes() {
		t.Run(string(info.Mode), func(t *testing.T) {
			want, known := hostileOutcomes[info.Mode]
			if !known {
				t.Fatal("no expected outcome for this mode")
			}
			t.Run("Go", func(t *testing.T) { checkHostileShim(t, simkata.Options{Mode: info.Mode}, want.golang) })
			t.Run("runtime-rs", func(t *testing.T) { checkHostileShim(t, simkata.Options{Mode: info.Mode, Rust: true}, want.rust) })
		})
	}
}

func checkHostileShim(t *testing.T, options simkata.Options, want sandbox.Outcome) {
	t.Helper()
	s := newSimulated(t, options)
	r, err := pullWithin(t, s.Sandbox, hostileTimeout(options.Mode, want))
	if got := sandbox.OutcomeOf(err); got != want {
		t.Errorf("got outcome %s (%v), want %s", got, err, want)
	}
	if want != sandbox.OK && !want.ShouldBackOff() {
		t.Errorf("outcome %s does not cause a back-off", want)
	}
	checkContent(t, r)
	if (want == sandbox.OK || want == sandbox.Partial) && !hasFamily(r, "kata.shim.thread.count") {
		t.Errorf("got families %q, want those of the host part", familiesOf(r))
	}
	if load := s.pod.Load(); load.Forbidden != 0 || load.Calls > 1 {
		t.Errorf("got load %+v, want at most one request for metrics", load)
	}
	eventually(t, func() bool { return s.pod.Load().Connections == 0 })
}

// hostileTimeout returns the timeout for a pull, which is short if only the
// timeout ends the pull.
func hostileTimeout(mode simulate.Mode, want sandbox.Outcome) time.Duration {
	switch mode {
	case simkata.Huge, simkata.ManySeries, simkata.Endless:
		// The size limit ends the pull.
		return maxWait
	}
	if want == sandbox.Timeout || want == sandbox.Partial {
		return 300 * time.Millisecond
	}
	return maxWait
}

func TestCanceledPull(t *testing.T) {
	s := newSimulated(t, simkata.Options{Mode: simkata.HangBeforeHost})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.pod.Load().Calls == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := s.Pull(ctx, &sandbox.Reading{}); sandbox.OutcomeOf(err) != sandbox.Canceled {
		t.Errorf("got error %v, want outcome %s", err, sandbox.Canceled)
	}
	if state := s.Status().State; state != sandbox.Running {
		t.Errorf("got state %s, want %s", state, sandbox.Running)
	}
}
