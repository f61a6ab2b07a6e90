package snapshot

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestFilter(t *testing.T) {
	reg := testRegistration(t)
	v := NewVerifier(reg, Settings{Filter: regexp.MustCompile(`^(?:disk_.*)$`)})
	_, err := read(v, newResponse(reg, testTime).number("disk_reads", 1).String())
	require.NoError(t, err)
	for _, text := range []string{
		newResponse(reg, testTime).number("tasks_open", 1).String(),
		newResponse(reg, testTime).raw("tasks_open", `,"labels":{},"val":{}`).String(),
	} {
		_, err = read(v, text)
		var violation *Violation
		require.ErrorAs(t, err, &violation)
		assert.Equal(t, RuleFilter, violation.Rule)
		assert.Equal(t, "tasks_open", violation.Metric)
		assert.Equal(t, sandbox.Rejected, sandbox.OutcomeOf(err))
	}
}

func TestAnyAge(t *testing.T) {
	reg := testRegistration(t)
	v := NewVerifier(reg, Settings{AnyAge: true})
	_, err := read(v, newResponse(reg, testTime.Add(-time.Hour)).String())
	require.NoError(t, err)
	for when, rule := range map[time.Time]Rule{
		testTime.Add(time.Nanosecond):                 RuleFuture,
		testTime.Add(-time.Hour - time.Nanosecond):    RuleOrder,
		time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC): RuleStale,
	} {
		_, err := read(v, newResponse(reg, when).String())
		var violation *Violation
		require.ErrorAs(t, err, &violation)
		assert.Equal(t, rule, violation.Rule, when)
	}
	_, err = read(NewVerifier(reg, Settings{AnyAge: true}), newResponse(reg, time.Unix(0, 0).UTC()).String())
	require.NoError(t, err, "the epoch itself")
}

func TestMaxPoints(t *testing.T) {
	reg := testRegistration(t)
	settings := Settings{MaxPoints: 2}
	v := NewVerifier(reg, settings)
	_, err := read(v, newResponse(reg, testTime).number("disk_reads", 1).number("disk_wait", 1).String())
	require.NoError(t, err)
	_, err = read(v, newResponse(reg, testTime).number("disk_reads", 1).number("disk_wait", 1).number("tasks_open", 1).String())
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RulePoints, violation.Rule)
	assert.Equal(t, sandbox.Oversize, sandbox.OutcomeOf(err))
	_, err = read(v, newResponse(reg, testTime).number("tasks_open", 1).String())
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleSeries, violation.Rule, "the limit holds for the series of all snapshots together")
}

func TestOutcomesOfRules(t *testing.T) {
	assert.Equal(t, sandbox.Malformed, RuleNotSnapshot.Outcome())
	assert.Equal(t, sandbox.Oversize, RuleSize.Outcome())
	assert.Equal(t, sandbox.Rejected, RuleHelp.Outcome())
	assert.Equal(t, "counter", registration.Counter.String())
}
