package sandbox

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStatusPulled(t *testing.T) {
	not := []State{Booting, Stopped}
	for _, state := range States {
		assert.Equal(t, !slices.Contains(not, state), Status{State: state}.Pulled(), string(state))
		assert.Equal(t, !slices.Contains(append(not, Skipped), state), Status{State: state}.Contacted(), string(state))
	}
	passive := Status{State: Running, SkipReason: "passive"}
	assert.True(t, passive.Pulled())
	assert.False(t, passive.Contacted())
}

func TestStatusWithTimeout(t *testing.T) {
	timedOut := []State{Created, Running, Unknown, Unresponsive}
	for _, state := range States {
		want := state
		if slices.Contains(timedOut, state) {
			want = Unresponsive
		}
		assert.Equal(t, Status{State: want}, Status{State: state}.WithTimeout(), string(state))
	}
	for _, notContacted := range []Status{{Running, "passive"}, {Skipped, "spinning"}} {
		assert.Equal(t, notContacted, notContacted.WithTimeout())
	}
}
