package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestEventsAreLogged(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	logger := NewLogger(zap.New(core))
	id := &sandbox.Identity{Runtime: sandbox.RuntimeKata, ID: "a", Iteration: "1"}
	logger.Record(&Event{Name: Recovered, Identity: id, Duration: 2 * time.Second})
	logger.Record(&Event{Name: Exited, Identity: id, Exit: &sandbox.Exit{
		Reason: sandbox.ExitOOM, Known: sandbox.ExitOOMKills, OOMKills: 3, SampleAge: time.Second,
	}})
	logger.Record(&Event{Name: Skipped, Path: "/run/runsc/a.state", SkipReason: "busy"})
	require.Equal(t, 2, logs.Len(), "paths are logged elsewhere")
	recovered, exited := logs.All()[0], logs.All()[1]
	assert.Equal(t, "Sandbox responds again", recovered.Message)
	assert.Equal(t, map[string]any{
		"event.name": "sandbox.recovered", "sandbox.runtime.name": "kata", "sandbox.id": "a", "sandbox.iteration": "1",
		"sandbox.unresponsive.duration": 2 * time.Second,
	}, recovered.ContextMap())
	assert.Equal(t, map[string]any{
		"event.name": "sandbox.exited", "sandbox.runtime.name": "kata", "sandbox.id": "a", "sandbox.iteration": "1",
		"sandbox.exit.reason": "oom", "sandbox.exit.oom_kills": int64(3), "sandbox.exit.restored": false,
		"sandbox.exit.sample.age": time.Second,
	}, exited.ContextMap())
}

func TestNothingIsEncodedUnlessTheLevelIsDebug(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	logger := NewLogger(zap.New(core))
	e := &Event{Name: Gone, Identity: newIdentity(0)}
	assert.Zero(t, testing.AllocsPerRun(100, func() { logger.Record(e) }))
	assert.Zero(t, logs.Len())
}

func TestSeverityDependsOnTheReason(t *testing.T) {
	for reason, want := range map[sandbox.ExitReason]Severity{
		sandbox.ExitCompleted: Info, sandbox.ExitRemoved: Info, sandbox.ExitUnknown: Info,
		sandbox.ExitKilled: Warn, sandbox.ExitOOM: Error,
	} {
		e := &Event{Name: Exited, Exit: &sandbox.Exit{Reason: reason}}
		assert.Equal(t, want, e.Severity(), reason)
		assert.NotEmpty(t, e.Sentence(), reason)
	}
	assert.Len(t, exitSentences, len(sandbox.ExitReasons))
	assert.Equal(t, Warn, (&Event{Name: Skipped, State: sandbox.Skipped}).Severity())
	assert.Equal(t, Info, (&Event{Name: Skipped, State: sandbox.Running}).Severity(), "only the configuration is the reason")
	assert.Equal(t, Info, (&Event{Name: Skipped, Path: "/a"}).Severity())
}
