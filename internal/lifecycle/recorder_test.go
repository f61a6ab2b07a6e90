package lifecycle

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recording is a sink that keeps all events.
type recording struct {
	mu     sync.Mutex
	events []*Event
}

func (r *recording) Record(e *Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of returns the events with a name.
func (r *recording) of(name Name) (found []*Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

func (r *recording) all() []*Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *recording) len() int { return len(r.all()) }

// newRecorder returns a recorder and what it passed on and dropped.
func newRecorder() (r *Recorder, passed *recording, dropped map[string]int) {
	passed, dropped = &recording{}, map[string]int{}
	r = NewRecorder(Settings{Sinks: []Sink{passed}, OnDrop: func(reason string, events int) { dropped[reason] += events }})
	return r, passed, dropped
}

func newIdentity(n int) *sandbox.Identity {
	return &sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: fmt.Sprintf("s%d", n)}
}

// TestFlappingSandboxIsLimited lets a sandbox change all the time: others are not
// affected, and its last record has the number of events that were dropped.
func TestFlappingSandboxIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, passed, dropped := newRecorder()
		flapping, other := newIdentity(0), newIdentity(1)
		const changes = 1000
		for range changes / 2 {
			r.Record(&Event{Name: Unresponsive, Identity: flapping})
			r.Record(&Event{Name: Recovered, Identity: flapping})
		}
		assert.Equal(t, maxSandboxBurst, passed.len())
		assert.Equal(t, map[string]int{SandboxLimit: changes - maxSandboxBurst}, dropped)
		r.Record(&Event{Name: Unresponsive, Identity: other})
		require.Equal(t, maxSandboxBurst+1, passed.len())
		assert.Zero(t, passed.all()[maxSandboxBurst].Dropped)

		time.Sleep(sandboxInterval - 1)
		r.Record(&Event{Name: Unresponsive, Identity: flapping})
		require.Len(t, passed.of(Unresponsive), maxSandboxBurst/2+1, "too soon")
		time.Sleep(time.Nanosecond)
		r.Record(&Event{Name: Unresponsive, Identity: flapping})
		all := passed.of(Unresponsive)
		require.Len(t, all, maxSandboxBurst/2+2)
		assert.Equal(t, changes-maxSandboxBurst+1, all[len(all)-1].Dropped)

		r.Record(&Event{Name: Exited, Identity: flapping})
		r.Record(&Event{Name: Gone, Identity: flapping})
		assert.Len(t, passed.of(Exited), 1, "events that occur once are not limited by sandbox")
		assert.Len(t, passed.of(Gone), 1)
		r.Record(&Event{Name: Gone, Identity: other})
		assert.Empty(t, r.sandboxes, "nothing is remembered of sandboxes that are gone")
		r.Close()
	})
}

// TestSandboxesCannotSilenceTheHost lets 10,000 sandboxes change at once: what the host
// causes is still recorded.
func TestSandboxesCannotSilenceTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, passed, dropped := newRecorder()
		for n := range 10_000 {
			r.Record(&Event{Name: VerificationFailed, Identity: newIdentity(n)})
		}
		assert.Equal(t, maxBehaviorBurst, passed.len())
		assert.Equal(t, map[string]int{TotalLimit: 10_000 - maxBehaviorBurst}, dropped)
		for n := range maxHostBurst {
			r.Record(&Event{Name: Exited, Identity: newIdentity(n)})
		}
		assert.Len(t, passed.of(Exited), maxHostBurst)
		r.Record(&Event{Name: Exited, Identity: newIdentity(0)})
		assert.Len(t, passed.of(Exited), maxHostBurst)
		r.Close()
	})
}

// TestTenThousandEventsAMinute records what 2,500 sandboxes per minute cause that live
// for seconds, and then ten times as many.
func TestTenThousandEventsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, passed, dropped := newRecorder()
		live := func(perMinute int) {
			const minutes = 3
			for n := range minutes * perMinute {
				id := newIdentity(n)
				for _, name := range []Name{Found, Started, Exited, Gone} {
					r.Record(&Event{Name: name, Identity: id})
				}
				time.Sleep(time.Minute / time.Duration(perMinute))
			}
		}
		live(2500)
		assert.Empty(t, dropped)
		assert.Equal(t, 3*10_000, passed.len())
		before := passed.len()
		live(25_000)
		records := passed.len() - before - len(passed.of(EventsDropped))
		assert.LessOrEqual(t, records, 3*60*maxHostRate+maxHostBurst)
		assert.Equal(t, 3*100_000, records+dropped[TotalLimit])
		assert.Empty(t, r.sandboxes)
		r.Close()
	})
}

func TestPathsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, passed, dropped := newRecorder()
		skip := func(path string) { r.Record(&Event{Name: Skipped, Path: path, SkipReason: "busy"}) }
		for range 10 {
			skip("/a")
		}
		assert.Equal(t, maxPathEvents, passed.len())
		for n := range 2 * maxPathsEvents {
			skip(fmt.Sprint("/", n))
		}
		assert.Equal(t, maxPathsEvents, passed.len())
		assert.Equal(t, map[string]int{SandboxLimit: 10 + maxPathsEvents}, dropped)
		assert.Len(t, r.paths.events, maxPathsEvents-maxPathEvents+1, "bounded memory")
		r.Record(&Event{Name: Found, Identity: newIdentity(0)})
		assert.Len(t, passed.of(Found), 1, "paths do not silence sandboxes")
		time.Sleep(pathInterval)
		skip("/a")
		assert.Len(t, passed.of(Skipped), maxPathsEvents+1)
		assert.Len(t, r.paths.events, 1)
		r.Close()
	})
}

// TestDroppedEventsAreReported checks that one event reports all dropped ones, later,
// also those that a sink has lost together with an earlier report.
func TestDroppedEventsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, passed, dropped := newRecorder()
		r.Drop(Refused, 3, 3)
		time.Sleep(dropReportDelay / 2)
		r.Drop(QueueFull, 2, 2)
		time.Sleep(dropReportDelay/2 - 1)
		assert.Zero(t, passed.len())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		reports := passed.of(EventsDropped)
		require.Len(t, reports, 1)
		assert.Equal(t, 5, reports[0].Dropped)
		assert.Nil(t, reports[0].Identity)

		r.Drop(Refused, 1, reports[0].Dropped)
		time.Sleep(dropReportDelay)
		synctest.Wait()
		reports = passed.of(EventsDropped)
		require.Len(t, reports, 2)
		assert.Equal(t, 5, reports[1].Dropped, "the lost report itself is not counted")
		assert.Equal(t, map[string]int{Refused: 4, QueueFull: 2}, dropped)

		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Len(t, passed.of(EventsDropped), 2, "nothing was dropped since")
		r.Drop(Refused, 1, 1)
		r.Close()
		r.Drop(Refused, 1, 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Len(t, passed.of(EventsDropped), 2, "nothing is reported after Close")
	})
}

// TestRecorderIsSafeForConcurrentUse is for the race detector.
func TestRecorderIsSafeForConcurrentUse(t *testing.T) {
	r := NewRecorder(Settings{Sinks: []Sink{&recording{}}})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			id := newIdentity(n)
			for range 1000 {
				r.Record(&Event{Name: Unresponsive, Identity: id})
				r.Drop(Refused, 1, 1)
			}
			r.Record(&Event{Name: Gone, Identity: id})
		})
	}
	group.Wait()
	r.Close()
	assert.Empty(t, r.sandboxes)
}
