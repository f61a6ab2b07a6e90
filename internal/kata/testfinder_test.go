package kata

import (
	"slices"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

// testFinder is a finder with a simulated clock and without inotify.
type testFinder struct {
	*finder
	recorder *recorder
	now      time.Time
}

func newTestFinder(tb testing.TB, config Config) *testFinder {
	tb.Helper()
	recorder := &recorder{}
	return &testFinder{
		finder:   newFinder(newRuntime(tb, config), storage.Notifier{}, recorder),
		recorder: recorder,
		now:      time.Now(),
	}
}

// advance advances the clock in small steps and calls tick after each.
func (f *testFinder) advance(duration time.Duration) {
	for step := f.runtime.pace.soon; duration > 0; duration -= step {
		f.now = f.now.Add(min(step, duration))
		f.tick(f.now)
	}
}

// expect compares the events since its last call, in any order.
func (f *testFinder) expect(t *testing.T, step string, want ...string) {
	t.Helper()
	got := f.recorder.takeEvents()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got events %q, want %q", step, got, want)
	}
}

// findOne returns the only sandbox in the storage paths.
func findOne(tb testing.TB, config Config) *Sandbox {
	tb.Helper()
	f := newTestFinder(tb, config)
	f.advance(time.Second)
	if len(f.candidates) > 0 {
		f.advance(f.runtime.pace.identity)
	}
	return f.recorder.last(tb)
}
