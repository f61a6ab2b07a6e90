package conformance

import (
	"bytes"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Verdicts of both verifiers.
const (
	accepted         = "accepted by both"
	rejected         = "rejected by both"
	stricter         = "rejected by this project only"
	upstreamPanicked = "gVisor's verifier panicked"
)

func verdict(ourErr, upstreamErr error) string {
	switch {
	case errors.Is(upstreamErr, ErrPanic):
		return upstreamPanicked
	case ourErr != nil && upstreamErr != nil:
		return rejected
	case ourErr != nil:
		return stricter
	}
	return accepted
}

// pair verifies the same sandbox with both verifiers.
type pair struct {
	ours     *snapshot.Verifier
	upstream *Upstream
}

// register passes a registration to both verifiers and fails the test if their
// verdicts contradict each other. It returns a pair only if both accept it.
func register(t *testing.T, raw []byte, filter *regexp.Regexp) (p *pair, ourErr, upstreamErr error) {
	t.Helper()
	known, ourErr := registration.Parse(raw, "runsc_", registration.Limits{})
	upstream, release, upstreamErr := NewUpstream(raw, filter)
	if upstreamErr == nil {
		t.Cleanup(release)
	}
	switch {
	case ourErr == nil && upstreamErr != nil:
		t.Fatalf("less strict than gVisor, which rejects the registration: %v\n%s", upstreamErr, raw)
	case ourErr != nil && upstreamErr == nil:
		var broken *registration.Error
		if !errors.As(ourErr, &broken) || StricterRegistrationRules[broken.Rule] == "" {
			t.Fatalf("stricter than gVisor without a documented reason: %v\n%s", ourErr, raw)
		}
	}
	if ourErr != nil || upstreamErr != nil {
		return nil, ourErr, upstreamErr
	}
	return &pair{snapshot.NewVerifier(known, snapshot.Settings{Filter: filter}), upstream}, nil, nil
}

// read passes a response to both verifiers and fails the test if their verdicts
// contradict each other. agreed reports whether the pair can read another
// response: after different verdicts, the state of the verifiers differs.
func (p *pair) read(t *testing.T, response []byte) (agreed bool, ourErr, upstreamErr error) {
	t.Helper()
	r := &sandbox.Reading{}
	ourErr = p.ours.Read(bytes.NewReader(response), 1<<20, time.Now, r)
	upstreamErr = p.upstream.Read(response)
	if ourErr == nil && upstreamErr != nil && !errors.Is(upstreamErr, ErrPanic) {
		// gVisor's decoder may be unable to decode the bound of the last bucket.
		if repaired, err := WithoutLastBounds(response); err == nil {
			upstreamErr = p.upstream.Read(repaired)
		}
	}
	switch {
	case ourErr == nil && errors.Is(upstreamErr, ErrPanic):
		if upstreamErr.Error() != ErrPanic.Error()+": not a float" {
			t.Fatalf("%v\n%s", upstreamErr, response)
		}
		return false, ourErr, upstreamErr
	case ourErr == nil && upstreamErr != nil:
		t.Fatalf("less strict than gVisor, which rejects the response: %v\n%s", upstreamErr, response)
	case ourErr != nil && upstreamErr == nil:
		var violation *snapshot.Violation
		if !errors.As(ourErr, &violation) || StricterRules[violation.Rule] == "" {
			t.Fatalf("stricter than gVisor without a documented reason: %v\n%s", ourErr, response)
		}
		return false, ourErr, upstreamErr
	}
	return !errors.Is(upstreamErr, ErrPanic), ourErr, upstreamErr
}

// checkVerdict fails the test unless the verdicts, and the rule that the snapshot
// violates, are the expected ones.
func checkVerdict(t *testing.T, ourErr, upstreamErr error, want string, rule snapshot.Rule) {
	t.Helper()
	if got := verdict(ourErr, upstreamErr); got != want {
		t.Fatalf("got: %s, want: %s\nours:   %v\ngVisor: %v", got, want, ourErr, upstreamErr)
	}
	var violation *snapshot.Violation
	if errors.As(ourErr, &violation) && violation.Rule != rule {
		t.Fatalf("got rule %q, want %q: %v", violation.Rule, rule, ourErr)
	}
}
