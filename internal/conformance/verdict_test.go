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

// pair is one sandbox as seen by both verifiers.
type pair struct {
	ours *snapshot.Verifier
	peer *Peer
}

// register lets both read a registration, and checks that their verdicts go
// together. Without two that take it, there is no pair.
func register(t *testing.T, raw []byte, filter *regexp.Regexp) (p *pair, ourErr, peerErr error) {
	t.Helper()
	known, ourErr := registration.Parse(raw, "runsc_", registration.Limits{})
	peer, release, peerErr := NewPeer(raw, filter)
	if peerErr == nil {
		t.Cleanup(release)
	}
	switch {
	case ourErr == nil && peerErr != nil:
		t.Fatalf("laxer than gVisor, which says %v about the registration\n%s", peerErr, raw)
	case ourErr != nil && peerErr == nil:
		var broken *registration.Error
		if !errors.As(ourErr, &broken) || StricterRegistrationRules[broken.Rule] == "" {
			t.Fatalf("stricter than gVisor without a known reason: %v\n%s", ourErr, raw)
		}
	}
	if ourErr != nil || peerErr != nil {
		return nil, ourErr, peerErr
	}
	return &pair{snapshot.NewVerifier(known, snapshot.Settings{Filter: filter}), peer}, nil, nil
}

// read lets both read an answer, and checks that their verdicts go together.
// After a difference the two remember different things, so there can be no next
// answer: agreed tells.
func (p *pair) read(t *testing.T, answer []byte) (agreed bool, ourErr, peerErr error) {
	t.Helper()
	r := &sandbox.Reading{}
	ourErr = p.ours.Read(bytes.NewReader(answer), 1<<20, time.Now, r)
	peerErr = p.peer.Read(answer)
	if ourErr == nil && peerErr != nil && !errors.Is(peerErr, ErrPanic) {
		// The last bound may have a form that gVisor's decoder does not take.
		if repaired, err := WithoutLastBounds(answer); err == nil {
			peerErr = p.peer.Read(repaired)
		}
	}
	switch {
	case ourErr == nil && errors.Is(peerErr, ErrPanic):
		if peerErr.Error() != ErrPanic.Error()+": not a float" {
			t.Fatalf("%v\n%s", peerErr, answer)
		}
		return false, ourErr, peerErr
	case ourErr == nil && peerErr != nil:
		t.Fatalf("laxer than gVisor, which says %v\n%s", peerErr, answer)
	case ourErr != nil && peerErr == nil:
		var violation *snapshot.Violation
		if !errors.As(ourErr, &violation) || StricterRules[violation.Rule] == "" {
			t.Fatalf("stricter than gVisor without a known reason: %v\n%s", ourErr, answer)
		}
		return false, ourErr, peerErr
	}
	return !errors.Is(peerErr, ErrPanic), ourErr, peerErr
}
