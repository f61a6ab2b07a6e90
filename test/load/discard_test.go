package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

func TestDiscardersReadCompleteResponses(t *testing.T) {
	report, err := withSimulation(simulation{Options: simfleet.Options{GVisor: 20, Kata: 2}}, func(sandboxes simulated) error {
		require.Len(t, sandboxes.GVisor, 20)
		require.Len(t, sandboxes.Kata, 2)
		result, err := runChild[discardResult]("discard", discardTask{GVisor: sandboxes.GVisor, Cycles: 2})
		require.NoError(t, err)
		assert.InEpsilon(t, 20*9_000, result.Bytes, 0.1)
		assert.Positive(t, result.CPU)
		result, err = runChild[discardResult]("discard", discardTask{GVisor: sandboxes.GVisor, Cycles: 2, Interval: 100 * time.Millisecond})
		require.NoError(t, err)
		assert.InEpsilon(t, 20*9_000, result.Bytes, 0.1)
		assert.GreaterOrEqual(t, result.Wall, 100*time.Millisecond)
		result, err = runChild[discardResult]("discard", discardTask{Kata: sandboxes.Kata, Cycles: 1})
		require.NoError(t, err)
		assert.InEpsilon(t, 2*70_000, result.Bytes, 0.1)
		return nil
	})
	require.NoError(t, err)
	assert.Zero(t, report.Forbidden+report.Crashed+report.Overlaps)
}
