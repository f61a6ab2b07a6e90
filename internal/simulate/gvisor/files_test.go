package gvisor

import (
	"encoding/json"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// writtenState is a part of a state file.
type writtenState struct {
	CreatedAt time.Time
	Spec      stateSpec
	Sandbox   struct {
		PID       int
		StartTime time.Time
	}
}

func readState(t *testing.T, s *Sandbox) (state writtenState) {
	t.Helper()
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &state))
	return state
}

func checkHiddenProcess(t *testing.T, s *Sandbox) {
	require.ErrorIs(t, syscall.Kill(readState(t, s).Sandbox.PID, 0), syscall.ESRCH)
}

// stepsOf returns by how much the times of snapshots differ from the actual time.
func stepsOf(t *testing.T, s *Sandbox, count int) (steps []time.Duration) {
	t.Helper()
	c := newClient(t, s)
	for range count {
		before := time.Now()
		taken := c.call(exportAll).Result.Snapshot.When
		after := time.Now()
		step := taken.Sub(before).Truncate(time.Second)
		if taken.After(before) && taken.Before(after) {
			step = 0
		}
		steps = append(steps, step)
	}
	return steps
}

func checkClockBack(t *testing.T, s *Sandbox) {
	steps := stepsOf(t, s, 6)
	for _, i := range []int{2, 5} {
		assert.InDelta(t, -5*time.Second, steps[i], float64(time.Second))
		steps[i] = 0
	}
	assert.Equal(t, make([]time.Duration, 6), steps)
}

func checkClockAhead(t *testing.T, s *Sandbox) {
	const hour = time.Hour
	assert.Equal(t, []time.Duration{0, 0, hour, 0, 0, hour}, stepsOf(t, s, 6))
}

func checkCreatedAhead(t *testing.T, s *Sandbox) {
	state := readState(t, s)
	assert.Greater(t, time.Until(state.CreatedAt), 30*time.Minute)
	assert.Greater(t, time.Until(state.Sandbox.StartTime), 30*time.Minute)
	assert.LessOrEqual(t, time.Until(export(t, s).Result.Snapshot.When), time.Duration(0))
}

func checkMixedAnnotations(t *testing.T, s *Sandbox) {
	styles := map[simulate.PodStyle]bool{}
	for range 50 {
		other := addSandboxTo(t, s.root, Options{Mode: MixedAnnotations})
		styles[other.Pod().Style] = true
	}
	assert.Len(t, styles, len(simulate.PodStyles), "the seed chooses the container runtime")
	for _, style := range simulate.PodStyles {
		one := addSandboxTo(t, s.root, Options{Mode: MixedAnnotations, Pod: style})
		spec := readState(t, one).Spec
		assert.Equal(t, one.Pod().CgroupPath(one.ID()), spec.Linux.CgroupsPath)
		assert.Equal(t, simulate.ForgedPodName, spec.Annotations["io.kubernetes.cri-o.KubeName"], style)
		want := simulate.ForgedPodName
		if style == simulate.Containerd {
			want = one.Pod().Name
		}
		assert.Equal(t, want, spec.Annotations["io.kubernetes.cri.sandbox-name"], style)
	}
}
