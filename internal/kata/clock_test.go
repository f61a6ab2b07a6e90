package kata

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// bindAhead creates a sandbox of runtime-rs that was started when the wall clock
// was an hour ahead.
func bindAhead(t *testing.T, p storagePaths, id string) {
	t.Helper()
	ahead := time.Now().Add(time.Hour)
	if err := os.Chtimes(bind(t, p.rust, id), ahead, ahead); err != nil {
		t.Fatal(err)
	}
}

// TestClockStepsBackDuringBoot sets the clock back between the creation of the
// socket and that of the state file, which is then older than the socket.
func TestClockStepsBackDuringBoot(t *testing.T) {
	p := newStoragePaths(t)
	s := newTestFinder(t, newConfig(p))
	const early, late = "early", "late" // state file before and after the report
	for _, id := range []string{early, late} {
		bindAhead(t, p, id)
	}
	s.advance(time.Second)
	write(t, filepath.Join(p.rust, early, "state.json"), stateFile(early, "dragonball"))
	s.advance(time.Second)
	s.expect(t, "state file in time", "+"+early)
	s.advance(time.Minute)
	s.expect(t, "given up", "+"+late)
	write(t, filepath.Join(p.rust, late, "state.json"), stateFile(late, "clh"))
	s.advance(time.Minute)
	for _, one := range s.recorder.sandboxes() {
		if status := one.Status(); status.State != sandbox.Running {
			t.Errorf("%s: %+v, want running", one.Identity().ID, status)
		}
	}
}

// TestLeftoverIsIgnored sets the clock back while the directory contains the
// state file of a previous instance with another hypervisor.
func TestLeftoverIsIgnored(t *testing.T) {
	p := newStoragePaths(t)
	s := newTestFinder(t, newConfig(p))
	file := filepath.Join(p.rust, "web-0", "state.json")
	write(t, file, stateFile("web-0", "dragonball"))
	bindAhead(t, p, "web-0")
	s.advance(time.Minute)
	s.expect(t, "without a state file", "+web-0")
	one := s.recorder.last(t)
	if status := one.Status(); status.State != sandbox.Booting {
		t.Fatalf("%+v, want booting", status)
	}
	write(t, file, stateFile("web-0", "qemu"))
	s.advance(time.Minute)
	if status := one.Status(); status.SkipReason != string(guard.UnsafeHypervisor) {
		t.Errorf("%+v, want skipped because of qemu", status)
	}
}

// TestBootTimeIsMonotonic checks that a sandbox whose socket lies in the future is
// not considered to be booting until then. In the bubble, every file does.
func TestBootTimeIsMonotonic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newStoragePaths(t)
		s := newTestFinder(t, newConfig(p))
		bind(t, p.rust, "web-0")
		s.advance(time.Minute)
		one := s.recorder.last(t)
		if status := one.Status(); status.State != sandbox.Booting {
			t.Errorf("%+v, want booting", status)
		}
		time.Sleep(time.Hour)
		if status := one.Status(); status.SkipReason != string(guard.NoState) {
			t.Errorf("%+v, want skipped without a state file", status)
		}
	})
}
