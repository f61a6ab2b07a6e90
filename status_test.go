package sandboxreceiver

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// reportedStatus records what is reported to the Collector.
type reportedStatus struct {
	events []*componentstatus.Event
}

// take returns the last reported status as text, and how many were reported since
// the last call.
func (r *reportedStatus) take() (text string, events int) {
	events = len(r.events)
	if events == 0 {
		return "", 0
	}
	last := r.events[events-1]
	r.events = nil
	text = last.Status().String()
	if last.Err() != nil {
		text += ": " + last.Err().Error()
	}
	return text, events
}

func TestStatusShowsOpenErrors(t *testing.T) {
	reported := &reportedStatus{}
	s := &status{}
	s.add(func(event *componentstatus.Event) { reported.events = append(reported.events, event) })
	scan, queue, other := errors.New("scan"), errors.New("queue"), errors.New("other")
	for i, step := range []struct {
		part string
		err  error
		want string
	}{
		{"kata", nil, ""},
		{"pipeline", queue, "StatusRecoverableError: queue"},
		{"kata", scan, "StatusRecoverableError: scan\nqueue"},
		{"kata", scan, ""},
		{"kata", errors.New("scan"), ""}, // equal, as discovery creates it anew
		{"kata", other, "StatusRecoverableError: other\nqueue"},
		{"kata", nil, "StatusRecoverableError: queue"},
		{"kata", nil, ""},
		{"kata", scan, "StatusRecoverableError: scan\nqueue"},
		{"pipeline", nil, "StatusRecoverableError: scan"},
		{"kata", nil, "StatusOK"},
		{"kata", nil, ""},
	} {
		s.set(step.part, step.err)
		text, events := reported.take()
		assert.Equal(t, step.want, text, "step %d", i)
		assert.LessOrEqual(t, events, 1, "step %d", i)
	}
	s.set("pipeline", queue)
	require.Len(t, reported.events, 1)
	assert.ErrorIs(t, reported.events[0].Err(), queue)
}
