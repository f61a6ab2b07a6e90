package discovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// recorder is an observer that records all calls. It fails the test on calls that
// violate the contract of [Observer].
type recorder struct {
	t *testing.T

	mu      sync.Mutex
	events  []string
	present map[Key]*Sandbox
	// last is what was last reported as gone.
	last *Sandbox
	// skipped are the skipped paths with their reasons.
	skipped map[string]Reason
	// entries are the numbers of skipped entries, by path and reason.
	entries map[string]int
	err     error
	scanned bool
	// changed receives a value after a call.
	changed chan struct{}
	// checks is the number of rounds of checks.
	checks int
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	return &recorder{
		t: t, present: map[Key]*Sandbox{}, skipped: map[string]Reason{}, entries: map[string]int{}, changed: make(chan struct{}, 1),
	}
}

func (r *recorder) record(format string, args ...any) {
	r.events = append(r.events, fmt.Sprintf(format, args...))
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Added(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.Nil(r.t, r.present[s.Key], "the sandbox was added before")
	r.present[s.Key] = s
	r.record("added %s", describe(s))
}

func (r *recorder) Changed(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.present[s.Key]; assert.NotNil(r.t, before, "the sandbox was not added before") {
		assert.True(r.t, before.Created.Equal(s.Created), "the change must be of the same instance")
	}
	r.present[s.Key] = s
	r.record("changed %s", describe(s))
}

func (r *recorder) Gone(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.present[s.Key]; s.Exited == before.Exited {
		assert.Same(r.t, before, s)
	}
	r.last = s
	delete(r.present, s.Key)
	r.record("gone %s", describe(s))
}

func (r *recorder) Skipped(path string, reason Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NotEqual(r.t, r.skipped[path], reason, "the reason was reported before for %s", path)
	if reason == "" {
		delete(r.skipped, path)
	} else {
		r.skipped[path] = reason
	}
	r.record("skipped %s %s", path, reason)
}

func (r *recorder) SkippedEntries(path string, reason Reason, count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NotEqual(r.t, r.entries[path+" "+string(reason)], count, "the count was reported before for %s", path)
	r.entries[path+" "+string(reason)] = count
	r.record("skipped %d entries of %s %s", count, path, reason)
}

func (r *recorder) DiscoveryError(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	r.record("error %v", err)
}

func (r *recorder) Checked() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks++
}

func (r *recorder) Scanned() {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.False(r.t, r.scanned, "Scanned was called before")
	r.scanned = true
	r.record("scanned")
}

// take returns the events since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// sandboxEvents returns the events that concern sandboxes.
func sandboxEvents(events []string) []string {
	return slices.DeleteFunc(events, func(event string) bool {
		return event == "scanned" || strings.HasPrefix(event, "skipped") || strings.HasPrefix(event, "error")
	})
}

// await waits until a condition is met.
func (r *recorder) await(what string, condition func() bool) {
	r.t.Helper()
	timeout := time.After(30 * time.Second)
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
			r.t.Fatalf("timed out waiting until %s: present %v, skipped %v, events %q",
				what, slices.Collect(maps.Keys(r.present)), r.skipped, r.events)
		}
	}
}

// describe returns a short description of a sandbox.
func describe(s *Sandbox) string {
	words := []string{s.ID}
	if s.Status != "running" {
		words = append(words, string(s.Status))
	}
	if s.Exited {
		words = append(words, "exited")
	}
	if s.Unseen {
		words = append(words, "unseen")
	}
	for _, container := range s.Containers {
		if container.ID != s.ID {
			words = append(words, "+"+container.ID)
		}
	}
	return strings.Join(words, " ")
}
