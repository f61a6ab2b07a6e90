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

// recorder is an observer that notes what it is told. It refuses what no
// observer should be told.
type recorder struct {
	t *testing.T

	mu       sync.Mutex
	news     []string
	present  map[Key]*Sandbox
	counts   map[Reason]int
	troubled error
	changed  chan struct{}
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	return &recorder{t: t, present: map[Key]*Sandbox{}, changed: make(chan struct{}, 1)}
}

func (r *recorder) note(format string, args ...any) {
	r.news = append(r.news, fmt.Sprintf(format, args...))
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Added(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.Nil(r.t, r.present[s.Key], "added while there")
	r.present[s.Key] = s
	r.note("added %s", describe(s))
}

func (r *recorder) Changed(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.present[s.Key]; assert.NotNil(r.t, before, "changed while not there") {
		assert.True(r.t, before.Created.Equal(s.Created), "another life")
	}
	r.present[s.Key] = s
	r.note("changed %s", describe(s))
}

func (r *recorder) Gone(s *Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.Same(r.t, r.present[s.Key], s)
	delete(r.present, s.Key)
	r.note("gone %s", describe(s))
}

func (r *recorder) Passed(counts map[Reason]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = counts
	r.note("passed %v", counts)
}

func (r *recorder) Trouble(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubled = err
	r.note("trouble %v", err)
}

// take returns the news about sandboxes since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := slices.DeleteFunc(r.news, func(line string) bool {
		return strings.HasPrefix(line, "passed") || strings.HasPrefix(line, "trouble")
	})
	r.news = nil
	return news
}

// await waits until something is true of what is known.
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
			r.t.Fatalf("waited in vain until %s; present %v, passed %v, news %q",
				what, slices.Collect(maps.Keys(r.present)), r.counts, r.news)
		}
	}
}

// describe puts a sandbox in a few words.
func describe(s *Sandbox) string {
	words := []string{s.ID}
	if s.Status != "running" {
		words = append(words, string(s.Status))
	}
	if s.Exited {
		words = append(words, "exited")
	}
	for _, container := range s.Containers {
		if container.ID != s.ID {
			words = append(words, "+"+container.ID)
		}
	}
	return strings.Join(words, " ")
}
