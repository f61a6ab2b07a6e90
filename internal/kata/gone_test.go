package kata

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// A shim that was killed leaves a socket without a listener behind. Two refused
// connections are enough to consider it stopped.
func TestSocketWithoutListener(t *testing.T) {
	for _, collection := range []guard.Collection{guard.Auto, guard.Passive} {
		t.Run(string(collection), func(t *testing.T) {
			s := newSimulated(t, simkata.Options{Mode: simkata.Refuse}, func(c *Config) { c.Collection = collection })
			for i := range 2 {
				if state := s.Status().State; state != sandbox.Running {
					t.Errorf("got state %s before pull %d, want %s", state, i, sandbox.Running)
				}
				if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Unreachable {
					t.Errorf("pull %d: got error %v, want outcome %s", i, err, sandbox.Unreachable)
				}
			}
			if state := s.Status().State; state != sandbox.Stopped {
				t.Errorf("got state %s, want %s", state, sandbox.Stopped)
			}
		})
	}
}

// If the shim is not contacted, the exit of its process shows that it has stopped,
// although its files remain.
func TestShimProcessExits(t *testing.T) {
	paths := newStoragePaths(t)
	shim := startCrashingShim(t, paths.rust)
	write(t, filepath.Join(paths.rust, "web-0", "state.json"), stateFile("web-0", "qemu"))
	s := findOne(t, newConfig(paths))
	if _, err := pull(t, s); err != nil {
		t.Fatal(err)
	}
	if err := shim.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-shim.exited
	if _, err := pull(t, s); sandbox.OutcomeOf(err) != sandbox.Unreachable {
		t.Errorf("got error %v, want outcome %s", err, sandbox.Unreachable)
	}
	if state := s.Status().State; state != sandbox.Stopped {
		t.Errorf("got state %s, want %s", state, sandbox.Stopped)
	}
}

func TestSandboxRemovedBeforePull(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	removePod(t, s.fleet, s.pod)
	if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Gone {
		t.Errorf("got error %v, want outcome %s", err, sandbox.Gone)
	}
	if len(s.runtime.stale) != 1 {
		t.Error("the finder was not notified")
	}
}

// The removal of a sandbox during a pull is not a failure.
func TestSandboxRemovedDuringPull(t *testing.T) {
	for _, mode := range []simulate.Mode{simkata.HangBeforeHost, simkata.HangAfterHost} {
		t.Run(string(mode), func(t *testing.T) {
			s := newSimulated(t, simkata.Options{Mode: mode})
			removed := make(chan error, 1)
			go func() {
				for s.pod.Load().Calls == 0 {
					time.Sleep(time.Millisecond)
				}
				// Like the real runtime, remove the directory first.
				removed <- errors.Join(os.RemoveAll(filepath.Dir(s.pod.SocketPath())), s.fleet.RemoveKata(s.pod))
			}()
			if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Gone {
				t.Errorf("got error %v, want outcome %s", err, sandbox.Gone)
			}
			if err := <-removed; err != nil {
				t.Error(err)
			}
		})
	}
}
