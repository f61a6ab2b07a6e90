package kata

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func skippedFor(reason guard.Reason) guard.Decision {
	return guard.Decision{Reason: reason, State: sandbox.Skipped}
}

// Each change of the reason is logged once, also that there is none any longer.
func TestChangesOfTheSkipReasonAreLogged(t *testing.T) {
	s := newSimulated(t, kata.Options{Rust: true, Hypervisor: "clh"})
	logs := observeLogs(s.runtime)
	facts := s.facts.Load()
	pulled := guard.Decision{Pull: true, State: sandbox.Running}
	for i, decision := range []guard.Decision{
		pulled,
		{Reason: guard.NoState, State: sandbox.Booting},
		skippedFor(guard.NoState), skippedFor(guard.NoState), skippedFor(guard.UnsafeHypervisor), pulled, pulled,
		skippedFor(guard.Spinning), skippedFor(guard.Spinning),
	} {
		before := logs.Len()
		s.logSkip(facts, decision)
		if got, want := logs.Len()-before, []int{0, 0, 1, 0, 1, 1, 0, 1, 0}[i]; got != want {
			t.Errorf("step %d: got %d records, want %d", i, got, want)
		}
	}
	var reasons []string
	for _, entry := range logs.All() {
		reasons = append(reasons, entry.ContextMap()["sandbox.skip_reason"].(string))
		if entry.ContextMap()["path"] != s.directory.Path() || entry.Message == "" {
			t.Errorf("got record %+v", entry)
		}
	}
	if want := []string{"no_state", "unsafe_hypervisor", "", "spinning"}; !slices.Equal(reasons, want) {
		t.Errorf("got reasons %q, want %q", reasons, want)
	}
}

// A shim whose reason changes all the time does not flood the log. What is true in the
// end is logged as soon as the limit allows.
func TestLogOfSkipReasonsIsLimited(t *testing.T) {
	s := newSimulated(t, kata.Options{Rust: true, Hypervisor: "clh"})
	synctest.Test(t, func(t *testing.T) {
		logs := observeLogs(s.runtime)
		facts := s.facts.Load()
		for range 100 {
			s.logSkip(facts, skippedFor(guard.UnsafeHypervisor))
			s.logSkip(facts, skippedFor(guard.UnknownHypervisor))
		}
		s.logSkip(facts, skippedFor(guard.NoState))
		if got := logs.TakeAll(); len(got) > 10 {
			t.Errorf("got %d records, want few", len(got))
		}
		time.Sleep(time.Hour)
		s.logSkip(facts, skippedFor(guard.NoState))
		got := logs.TakeAll()
		if len(got) != 1 || got[0].ContextMap()["sandbox.skip_reason"] != "no_state" {
			t.Errorf("got records %+v, want one with the last reason", got)
		}
		s.logSkip(facts, skippedFor(guard.NoState))
		if logs.Len() > 0 {
			t.Error("the reason was logged twice")
		}
	})
}
