package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// exampleEvents are one event of each name.
func exampleEvents() (events []*lifecycle.Event) {
	pod := &sandbox.Identity{
		Runtime: sandbox.RuntimeKata, ID: kataID, Iteration: "dn1718pyoyok-7a6gq",
		Pod: sandbox.Pod{Namespace: "prod", Name: "shop-0", UID: "a1720ee7"},
	}
	web := &sandbox.Identity{
		Runtime: sandbox.RuntimeGVisor, ID: "web", Iteration: "1zo45mry6r0nd",
		Container: sandbox.Container{ID: "web", NameInRuntime: "frontend", Image: "nginx:1.29"},
	}
	for _, name := range lifecycle.Names {
		e := &lifecycle.Event{Name: name, Time: fixedTime, Identity: web, Runtime: web.Runtime}
		switch name {
		case lifecycle.Found:
			e.State = sandbox.Running
		case lifecycle.VerificationFailed:
			e.Rule, e.Metric = "unknown_metric", "a \x1b[31m\"metric\""
		case lifecycle.Recovered:
			e.Duration = 90*time.Second + 123456*time.Microsecond
		case lifecycle.Skipped:
			e.Identity, e.Runtime, e.State, e.SkipReason = pod, pod.Runtime, sandbox.Skipped, "unsafe_hypervisor"
		case lifecycle.Exited:
			e.Exit = &sandbox.Exit{
				Reason: sandbox.ExitOOM, Known: sandbox.ExitLifetime | sandbox.ExitMemoryPeak, Lifetime: time.Hour, MemoryPeak: 1 << 30,
			}
		case lifecycle.EventsDropped:
			e.Identity, e.Runtime, e.Dropped = nil, "", 17
		}
		events = append(events, e)
	}
	return append(events, &lifecycle.Event{
		Name: lifecycle.Skipped, Time: fixedTime, Runtime: sandbox.RuntimeGVisor, Path: "/run/runsc/a\nb.state", SkipReason: "foreign",
	})
}

func TestPrintedEvents(t *testing.T) {
	for name, format := range map[string]output.Format{"text": textFormat, "json": output.JSONFormat, "colored": textFormat} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			p := newEventPrinter(format, &stdout, &stderr)
			p.colored = name == "colored"
			for _, e := range exampleEvents() {
				require.NoError(t, p.print(eventEntry{event: e}))
			}
			require.NoError(t, p.print(eventEntry{message: "Failed to discover gvisor sandboxes completely: permission denied"}))
			assertGolden(t, "events/"+name, result{stdout.String(), stderr.String(), 0}.String())
			assert.Len(t, strings.Split(strings.TrimSpace(stdout.String()), "\n"), len(exampleEvents()), "one line per event")
		})
	}
}

// waitingBuffer collects output, and calls found once it contains all texts.
type waitingBuffer struct {
	mu    sync.Mutex
	text  strings.Builder
	texts []string
	found func()
}

func (b *waitingBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	for _, text := range b.texts {
		if !strings.Contains(b.text.String(), text) {
			return len(p), nil
		}
	}
	b.found()
	return len(p), nil
}

func TestEvents(t *testing.T) {
	h := newMixedHost(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	removed := false
	stdout := &waitingBuffer{texts: []string{
		`"sandbox.found","severity":"INFO","runtime":"gvisor","id":"web"`, `"id":"` + rustID + `"`,
		`"sandbox.skip_reason":"unsafe_hypervisor"`,
	}}
	var stderr bytes.Buffer
	stdout.found = func() {
		if removed {
			cancel()
			return
		}
		removed = true
		stdout.texts = []string{`"sandbox.gone","severity":"INFO","runtime":"gvisor","id":"` + h.GVisor()[0].ID() + `"`}
		assert.NoError(t, h.RemoveGVisor(h.GVisor()[0]))
	}
	args := append([]string{"events", "-o", "json", "--collection-interval=1h"}, h.flags...)
	assert.Equal(t, exitOK, run(ctx, args, stdout, &stderr), stderr.String())
	assert.NotErrorIs(t, ctx.Err(), context.DeadlineExceeded, stdout.text.String())
	for line := range strings.Lines(stdout.text.String()) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}

func TestEventsForADuration(t *testing.T) {
	h := newHost(t)
	r := h.execute(t, "events", "--for=1ms")
	assert.Equal(t, exitOK, r.status, r.stderr)
	r = h.execute(t, "events", "--for=-1s")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "invalid --for -1s: must not be negative")
	r = h.execute(t, "events", "--collection-interval=1ns")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "collection_interval: ")
}

type failingWriter struct{ io.Writer }

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestEventsEndWithTheOutput checks that the command does not run forever in a pipe
// whose reader has ended.
func TestEventsEndWithTheOutput(t *testing.T) {
	h := newHost(t)
	_, err := h.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	var stderr bytes.Buffer
	status := run(t.Context(), append([]string{"events"}, h.flags...), failingWriter{}, &stderr)
	assert.Equal(t, exitError, status)
	assert.Contains(t, stderr.String(), "broken pipe")
}

func TestEventQueueDoesNotBlock(t *testing.T) {
	q := newEventQueue()
	dropped := 0
	q.drop = func() { dropped++ }
	for range maxQueuedEvents + 3 {
		q.Record(&lifecycle.Event{})
	}
	assert.Equal(t, 3, dropped)
	q.close()
	q.Record(&lifecycle.Event{})
	assert.Equal(t, 3, dropped, "nothing is missed after the end")
	assert.Len(t, q.entries, maxQueuedEvents)
}

func TestRepeatedMessagesArePrintedOnce(t *testing.T) {
	q := newEventQueue()
	for range 3 {
		q.report("Failed", errors.New("x"))
		q.report("", nil)
	}
	assert.Len(t, q.entries, 1)
}
