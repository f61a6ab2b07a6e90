package sandboxreceiver

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// TestStatusRecoversWithLastPart checks that the component is OK again only when no
// part has an error.
func TestStatusRecoversWithLastPart(t *testing.T) {
	var events []componentstatus.Status
	s := &status{report: func(event *componentstatus.Event) { events = append(events, event.Status()) }}
	s.set("pipeline", nil)
	assert.Empty(t, events, "a part without an error has not recovered")

	s.set("pipeline", errors.New("queue is full"))
	s.set("gvisor", errors.New("x"))
	s.set("pipeline", nil)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError}, events)
	s.set("gvisor", nil)
	s.set("gvisor", nil)
	assert.Equal(t, componentstatus.StatusOK, events[2])
	assert.Len(t, events, 3)
}
