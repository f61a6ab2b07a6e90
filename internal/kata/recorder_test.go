package kata

import (
	"slices"
	"sync"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// recorder is an observer that records what is reported to it.
type recorder struct {
	mu     sync.Mutex
	added  []*Sandbox
	events []string
	// skipped holds the paths that are currently skipped, with their reasons, and
	// skips the reports about skipped paths that led there.
	skipped map[string]string
	skips   []skip
	scans   []scan
	err     error
}

// skip is a call of Skipped.
type skip struct{ path, reason string }

// scan is a call of Scanned, with the number of added sandboxes and of skipped
// paths at that time.
type scan struct{ added, skipped int }

func (r *recorder) Added(s sandbox.Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.added = append(r.added, s.(*Sandbox))
	r.events = append(r.events, "+"+s.Identity().ID)
}

func (r *recorder) Gone(s sandbox.Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, "-"+s.Identity().ID)
}

func (r *recorder) Skipped(path, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skips = append(r.skips, skip{path, reason})
	if r.skipped == nil {
		r.skipped = map[string]string{}
	}
	r.skipped[path] = reason
	if reason == "" {
		delete(r.skipped, path)
	}
}

func (r *recorder) SkippedEntries(string, string, int) {}

func (r *recorder) Scanned() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scans = append(r.scans, scan{added: len(r.added), skipped: len(r.skipped)})
}

func (r *recorder) DiscoveryError(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// takeEvents returns the added (+id) and removed (-id) sandboxes since its last
// call.
func (r *recorder) takeEvents() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// takeSkips returns the reports about skipped paths since its last call.
func (r *recorder) takeSkips() []skip {
	r.mu.Lock()
	defer r.mu.Unlock()
	skips := r.skips
	r.skips = nil
	return skips
}

// sandboxes returns all sandboxes that were ever added.
func (r *recorder) sandboxes() []*Sandbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.added)
}

// last returns the sandbox that was added last.
func (r *recorder) last(tb testing.TB) *Sandbox {
	tb.Helper()
	all := r.sandboxes()
	if len(all) == 0 {
		tb.Fatal("no sandbox was added")
	}
	return all[len(all)-1]
}

// allScans returns all calls of Scanned.
func (r *recorder) allScans() []scan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.scans)
}

// await waits for the given events, in any order. Other events are an error.
func (r *recorder) await(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	slices.Sort(want)
	eventually(t, func() bool {
		got = append(got, r.takeEvents()...)
		slices.Sort(got)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Fatalf("got events %q, want %q", got, want)
	}
}
