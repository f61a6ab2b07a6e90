package sandbox

import (
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumberScaled(t *testing.T) {
	for name, test := range map[string]struct {
		number Number
		factor float64
		want   Number
	}{
		"no factor":             {Int(7), 0, Int(7)},
		"one":                   {Float(1.5), 1, Float(1.5)},
		"whole keeps integers":  {Int(3), 1024, Int(3072)},
		"negative":              {Int(-3), 1024, Int(-3072)},
		"zero":                  {Int(0), 1024, Int(0)},
		"fraction makes floats": {Int(1500), 0.001, Float(1.5)},
		"floats stay floats":    {Float(2), 512, Float(1024)},
		"overflow makes floats": {Int(math.MaxInt64), 1024, Float(float64(math.MaxInt64) * 1024)},
		"lowest integer":        {Int(math.MinInt64), -1, Float(-float64(math.MinInt64))},
		"factor beyond 31 bits": {Int(2), 1 << 40, Float(2 << 40)},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.number.Scaled(test.factor)) })
	}
}

func TestNumberConversions(t *testing.T) {
	assert.EqualValues(t, 2, Float(2.9).AsInt())
	assert.Equal(t, -3.0, Int(-3).AsFloat())
	assert.True(t, Float(1).IsFloat())
	assert.False(t, Int(1).IsFloat())
	assert.Equal(t, Int(1), Bool(true))
	assert.Equal(t, Int(0), Bool(false))
}

func TestReadingOwnsItsLabels(t *testing.T) {
	var r Reading
	labels := []string{"a", "b"}
	r.AddLabeled(&Family{}, Int(1), labels...)
	labels[0] = "changed"
	for range 100 {
		r.AddLabeled(&Family{}, Int(1), "c")
	}
	assert.Equal(t, []string{"a", "b"}, r.Points[0].Labels)
	first := append(r.Points[0].Labels, "appended")
	assert.Equal(t, []string{"c"}, r.Points[1].Labels, "appending to labels must not reach those of the next point")
	assert.Len(t, first, 3)
}

func TestReadingReset(t *testing.T) {
	var r Reading
	r.ResponseSize = 5
	r.AddLabeled(&Family{}, Int(1), "a")
	r.Drop("forged", 1)
	points := r.Points
	r.Reset()
	assert.Empty(t, r.Points)
	assert.Empty(t, r.Dropped)
	assert.Zero(t, r.ResponseSize)
	assert.Nil(t, points[0].Family, "a reset reading holds on to nothing")
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		r.AddLabeled(nil, Int(1), "a")
		r.Drop("forged", 1)
		r.Reset()
	}))
}

func TestDropAddsUpByReason(t *testing.T) {
	var r Reading
	r.Drop("forged", 1)
	r.Drop("duplicate", 2)
	r.Drop("forged", 3)
	assert.Equal(t, []Dropped{{"forged", 4}, {"duplicate", 2}}, r.Dropped)
}

func TestOutcomes(t *testing.T) {
	failure := Failf(Timeout, "after %ds", 5)
	assert.Equal(t, OK, OutcomeOf(nil))
	assert.Equal(t, Timeout, OutcomeOf(failure))
	assert.Equal(t, Timeout, OutcomeOf(fmt.Errorf("pulling: %w", failure)))
	assert.Equal(t, Internal, OutcomeOf(errors.New("other")))
	assert.Equal(t, failure, Fail(Rejected, failure), "the first outcome stays")
	assert.ErrorIs(t, Fail(Disconnected, io.EOF), io.EOF)
	assert.Equal(t, "timeout: after 5s", failure.Error())
}

func TestWhichOutcomesBurden(t *testing.T) {
	expected := map[Outcome]bool{
		OK: false, Partial: true, Unreachable: true, WrongPeer: true, Timeout: true, Disconnected: true, Oversize: true,
		Malformed: true, Refused: false, Rejected: false, Untrusted: false, Unsafe: false, Gone: false, Canceled: false, Internal: true,
	}
	assert.Len(t, expected, len(Outcomes))
	for _, outcome := range Outcomes {
		burdens, listed := expected[outcome]
		assert.True(t, listed, string(outcome))
		assert.Equal(t, burdens, outcome.ShouldBackOff(), string(outcome))
	}
}

func TestWhichStatesArePulled(t *testing.T) {
	for state, pulled := range map[State]bool{Running: true, SkippedUnsafe: true, Booting: false, Stopped: false} {
		assert.Equal(t, pulled, state.Pulled(), string(state))
	}
}
