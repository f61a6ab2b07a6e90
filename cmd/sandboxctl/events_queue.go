package main

import (
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
)

// eventEntry is an event, or a message about the command itself.
type eventEntry struct {
	event   *lifecycle.Event
	message string
}

// eventQueue passes events on without blocking the collection. It implements
// [lifecycle.Sink].
type eventQueue struct {
	entries chan eventEntry
	// drop counts an event that the queue has no room for.
	drop func()

	mu     sync.Mutex
	closed bool
	// failing is the last message about each runtime.
	failing map[string]bool
}

var _ lifecycle.Sink = (*eventQueue)(nil)

func newEventQueue() *eventQueue {
	return &eventQueue{entries: make(chan eventEntry, maxQueuedEvents), drop: func() {}, failing: map[string]bool{}}
}

// Record implements [lifecycle.Sink].
func (q *eventQueue) Record(e *lifecycle.Event) {
	if !q.put(eventEntry{event: e}) {
		q.drop()
	}
}

// put reports whether the queue had room. After close, it drops the entry.
func (q *eventQueue) put(entry eventEntry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return true
	}
	select {
	case q.entries <- entry:
		return true
	default:
		return false
	}
}

// report adds a message, once, unless err is nil. Repeated ones are dropped.
func (q *eventQueue) report(message string, err error) {
	if err == nil {
		return
	}
	q.mu.Lock()
	known := q.failing[message]
	if !known && len(q.failing) < maxQueuedEvents {
		q.failing[message] = true
	}
	q.mu.Unlock()
	if !known {
		q.put(eventEntry{message: message})
	}
}

// close ends the range over the entries.
func (q *eventQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.entries)
}
