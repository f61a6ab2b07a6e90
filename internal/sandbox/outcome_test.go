package sandbox

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFailures(t *testing.T) {
	failure := Failf(Timeout, "after %ds", 5)
	assert.Equal(t, OK, OutcomeOf(nil))
	assert.Equal(t, Timeout, OutcomeOf(failure))
	assert.Equal(t, Timeout, OutcomeOf(fmt.Errorf("pull: %w", failure)))
	assert.Equal(t, Internal, OutcomeOf(errors.New("other")))
	assert.Equal(t, failure, Fail(Rejected, failure), "the first outcome must be kept")
	assert.ErrorIs(t, Fail(Disconnected, io.EOF), io.EOF)
	assert.Equal(t, "timeout: after 5s", failure.Error())
}

func TestShouldBackOff(t *testing.T) {
	want := map[Outcome]bool{
		OK: false, Partial: true, Unreachable: true, WrongPeer: true, Timeout: true, Disconnected: true, Oversize: true,
		Malformed: true, Refused: false, Rejected: false, Untrusted: false, Unsafe: false, Gone: false, Canceled: false, Internal: true,
	}
	assert.Len(t, want, len(Outcomes))
	for _, outcome := range Outcomes {
		shouldBackOff, listed := want[outcome]
		assert.True(t, listed, string(outcome))
		assert.Equal(t, shouldBackOff, outcome.ShouldBackOff(), string(outcome))
	}
}

func TestErrorTypeOfPartialPullIsItsCause(t *testing.T) {
	partial := &Failure{Outcome: Partial, Err: Failf(Timeout, "stalled")}
	assert.Equal(t, Partial, OutcomeOf(partial))
	assert.Equal(t, Timeout, ErrorTypeOf(partial))
	assert.Equal(t, Timeout, ErrorTypeOf(fmt.Errorf("pull: %w", partial)))
	assert.Equal(t, Internal, ErrorTypeOf(&Failure{Outcome: Partial, Err: io.EOF}))
	assert.Equal(t, Rejected, ErrorTypeOf(Failf(Rejected, "x")))
	assert.Equal(t, OK, ErrorTypeOf(nil))
}
