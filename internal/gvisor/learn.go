package gvisor

import (
	"context"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// firstUseLimits limit a registration that comes from a sandbox itself. Real ones
// have some 50 KB.
var firstUseLimits = registration.Limits{Bytes: 256 << 10}

// firstUseBudget limits all of them together. There is one per build and set of
// flags, as long as sandboxes are honest, and it retains some 300 KB.
var firstUseBudget = registration.Budget{Registrations: 128, Bytes: 24 << 20}

// learning limits how many registrations are requested from sandboxes at a time,
// because a registration is kept in memory while it arrives.
//
// A sandbox that does not send its registration in time waits for another turn,
// with a longer deadline, among the others that have failed as often. So new
// sandboxes are learned quickly however many others stall, and those that were late
// once, for example because the host was busy, do not wait for those that always
// stall.
type learning struct{ first, second, again chan struct{} }

const (
	maxLearningFirst  = 16
	maxLearningSecond = 16
	maxLearningAgain  = 4
	// firstDeadline is the deadline of the first request. Sandboxes need a few
	// milliseconds. Every further request has deadlineGrowth times as much.
	firstDeadline  = 250 * time.Millisecond
	deadlineGrowth = 4
	// maxDeadline is longer than any pull.
	maxDeadline = time.Hour
)

func newLearning() *learning {
	return &learning{
		first:  make(chan struct{}, maxLearningFirst),
		second: make(chan struct{}, maxLearningSecond),
		again:  make(chan struct{}, maxLearningAgain),
	}
}

// begin waits until a registration may be requested, after a number of attempts
// that failed. The context that it returns has a deadline; end must be called.
func (l *learning) begin(ctx context.Context, attempts int) (bounded context.Context, end func(), err error) {
	slots := l.again
	switch attempts {
	case 0:
		slots = l.first
	case 1:
		slots = l.second
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			// Not a timeout, which is the sandbox's own and would make it unresponsive.
			return nil, nil, sandbox.Failf(sandbox.Untrusted,
				"request registration: deadline exceeded while waiting for other sandboxes to send theirs")
		}
		return nil, nil, sandbox.Fail(sandbox.Canceled, ctx.Err())
	}
	deadline := firstDeadline
	for ; attempts > 0 && deadline < maxDeadline; attempts-- {
		deadline *= deadlineGrowth
	}
	bounded, cancel := context.WithTimeout(ctx, deadline)
	return bounded, func() { cancel(); <-slots }, nil
}

// createVerifier creates the verifier. It requests the registration from a sandbox
// that has none in its state file.
func (s *Sandbox) createVerifier(ctx context.Context, record *discovery.Sandbox) error {
	known := record.Registration
	if known == nil {
		var err error
		for {
			known, err = s.requestRegistration(ctx, record)
			if sandbox.OutcomeOf(err) != sandbox.Timeout || ctx.Err() != nil || s.request.conn != nil {
				break
			}
		}
		if err != nil {
			return err
		}
		s.runtime.unknown.log(known, s.identity.RuntimeVersion)
	}
	settings := s.runtime.snapshots
	if s.runtime.naming == sandbox.OTel {
		settings.Syscalls = syscalls.NamesOf(record.Metadata.Value("cpuarch"))
	}
	s.verifier = snapshot.NewVerifier(known, settings)
	s.runtime.filterUse.record(s.verifier.SelectsAny())
	return nil
}

// requestRegistration requests and parses the registration, on a separate
// connection, whose deadline is shorter than that of the pull. If that of the pull
// passes, the connection becomes the one of the pull, so that the response can be
// awaited.
func (s *Sandbox) requestRegistration(ctx context.Context, record *discovery.Sandbox) (*registration.Registration, error) {
	bounded, end, err := s.runtime.learning.begin(ctx, s.attempts)
	if err != nil {
		return nil, err
	}
	defer end()
	s.attempts++
	conn, err := control.Dial(bounded, s.target(record))
	if err != nil {
		return nil, err
	}
	raw, err := requestRegistration(conn, min(int64(s.runtime.config.MaxResponseSize), firstUseLimits.Bytes+maxEnvelope))
	if deadline, _ := ctx.Deadline(); sandbox.OutcomeOf(err) == sandbox.Timeout && !time.Now().Before(deadline) {
		s.request.conn = conn
		return nil, err
	}
	_ = conn.Close()
	if err != nil {
		return nil, err
	}
	known, err := s.runtime.firstUse.Get(raw)
	switch {
	case registration.IsBudget(err):
		return nil, sandbox.Fail(sandbox.Oversize, err)
	case err != nil:
		return nil, s.rejectRegistration(err)
	}
	return known, nil
}
