package sandbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStatusPulled(t *testing.T) {
	for state, pulled := range map[State]bool{Running: true, Skipped: true, Booting: false, Stopped: false} {
		assert.Equal(t, pulled, Status{State: state}.Pulled(), string(state))
	}
}
