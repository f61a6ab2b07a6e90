package gvisor

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// recorder is an observer that records all calls.
type recorder struct {
	t testing.TB

	mu      sync.Mutex
	present []*Sandbox
	// events are the sandboxes that were added and that are gone, in order.
	events []string
	// skipped are the reasons of the skipped paths by their last element.
	skipped map[string]string
	// entries are the numbers of skipped entries, by reason.
	entries map[string]int
	scanned bool
	err     error
	// changed receives a value after a call.
	changed chan struct{}
}

func newRecorder(tb testing.TB) *recorder {
	tb.Helper()
	return &recorder{t: tb, skipped: map[string]string{}, entries: map[string]int{}, changed: make(chan struct{}, 1)}
}

// update makes a change and records an event, if there is one.
func (r *recorder) update(event string, change func()) {
	r.mu.Lock()
	change()
	if event != "" {
		r.events = append(r.events, event)
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Added(s sandbox.Sandbox) {
	r.update("added "+s.Identity().ID, func() { r.present = append(r.present, s.(*Sandbox)) })
}

func (r *recorder) Gone(s sandbox.Sandbox) {
	r.update("gone "+s.Identity().ID, func() {
		i := slices.Index(r.present, s.(*Sandbox))
		if assert.GreaterOrEqual(r.t, i, 0, "the sandbox was not added before") {
			r.present = slices.Delete(r.present, i, i+1)
		}
	})
	assert.NoError(r.t, s.Close())
}

func (r *recorder) Skipped(path, reason string) {
	r.update("", func() {
		r.skipped[filepath.Base(path)] = reason
		if reason == "" {
			delete(r.skipped, filepath.Base(path))
		}
	})
}

func (r *recorder) SkippedEntries(_, reason string, count int) {
	r.update("", func() { r.entries[reason] = count })
}

func (r *recorder) Scanned() { r.update("", func() { r.scanned = true }) }

func (r *recorder) DiscoveryError(err error) { r.update("", func() { r.err = err }) }

// await waits until a condition is met. The condition is checked with the lock
// held.
func (r *recorder) await(what string, condition func() bool) {
	r.t.Helper()
	timeout := time.After(longTimeout)
	for {
		r.mu.Lock()
		met := condition()
		r.mu.Unlock()
		if met {
			return
		}
		select {
		case <-r.changed:
		case <-timeout:
			r.mu.Lock()
			defer r.mu.Unlock()
			r.t.Fatalf("timed out waiting until %s: events %q, skipped %v", what, r.events, r.skipped)
		}
	}
}

// find returns the present sandbox with an ID, nil if there is none. The lock must
// be held.
func (r *recorder) find(id string) *Sandbox {
	for _, s := range r.present {
		if s.identity.ID == id {
			return s
		}
	}
	return nil
}

// get waits until a sandbox is present and returns it.
func (r *recorder) get(id string) (s *Sandbox) {
	r.t.Helper()
	r.await(id+" is added", func() bool {
		s = r.find(id)
		return s != nil
	})
	return s
}
