package control

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const emptyResponse = `{"success":true,"err":"","result":""}`

func TestContextEndsDuringCall(t *testing.T) {
	for name, script := range map[string]func(*peerConn){
		"before the response": func(c *peerConn) { c.receive(); c.hold() },
		"within the response": func(c *peerConn) { c.receive(); c.send(`{"success":true,`); c.hold() },
	} {
		t.Run("deadline "+name, func(t *testing.T) {
			directory := t.TempDir()
			listen(t, testTarget(directory).Socket, script)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			var text string
			err := call(ctx, testTarget(directory), decodeString(&text))
			assert.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
		})
		t.Run("canceled "+name, func(t *testing.T) {
			directory := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			listen(t, testTarget(directory).Socket, func(c *peerConn) {
				go cancel()
				script(c)
			})
			var text string
			err := call(ctx, testTarget(directory), decodeString(&text))
			assert.Equal(t, sandbox.Canceled, sandbox.OutcomeOf(err), "%v", err)
		})
	}
}

func TestContextEndedBeforeDial(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, respond(emptyResponse))
	for ctx, want := range map[context.Context]sandbox.Outcome{
		endedContext(t, context.DeadlineExceeded): sandbox.Timeout,
		endedContext(t, context.Canceled):         sandbox.Canceled,
	} {
		var text string
		err := call(ctx, testTarget(directory), decodeString(&text))
		assert.Equal(t, want, sandbox.OutcomeOf(err), "%v", err)
	}
}

func TestContextWithoutDeadline(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, respond(emptyResponse))
	var text string
	assert.NoError(t, call(t.Context(), testTarget(directory), decodeString(&text)))
}

// endedContext returns a context that has ended with the given error.
func endedContext(t *testing.T, err error) context.Context {
	t.Helper()
	var ctx context.Context
	var cancel context.CancelFunc
	if errors.Is(err, context.Canceled) {
		ctx, cancel = context.WithCancel(t.Context())
	} else {
		ctx, cancel = context.WithDeadline(t.Context(), time.Unix(1, 0))
	}
	cancel()
	return ctx
}
