package gvisor

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Sandbox is one life of a gVisor sandbox. It implements [sandbox.Sandbox].
type Sandbox struct {
	runtime  *Runtime
	identity sandbox.Identity
	// record is what discovery last said, gone that it is no more.
	record atomic.Pointer[discovery.Sandbox]
	gone   atomic.Bool
	info   *info

	// What follows belongs to the goroutine that pulls.

	// verifier is nil until the registration is known; distrusted is why it
	// never will be.
	verifier   *snapshot.Verifier
	distrusted error
	savings    savings
	asked      asked
	described  described
}

var _ sandbox.Sandbox = (*Sandbox)(nil)

// newSandbox belongs to the goroutine of discovery.
func (r *Runtime) newSandbox(record *discovery.Sandbox) *Sandbox {
	s := &Sandbox{
		runtime:  r,
		identity: identityOf(record),
		info:     r.infoOf(record.Metadata),
	}
	s.record.Store(record)
	return s
}

// Identity never changes.
func (s *Sandbox) Identity() *sandbox.Identity { return &s.identity }

// State is what the files and the process table say now.
func (s *Sandbox) State() sandbox.State { return stateOf(s.record.Load()) }

func stateOf(record *discovery.Sandbox) sandbox.State {
	switch {
	case record.Exited, record.Status == statefile.Stopped:
		return sandbox.Stopped
	case record.Status == statefile.Creating:
		return sandbox.Booting
	}
	// A created or paused sandbox answers like a running one.
	return sandbox.Running
}

// Pace is 0: a sandbox may be asked at any time.
func (s *Sandbox) Pace() time.Duration { return 0 }

// Close ends the pull that has begun, if one has. Between pulls a sandbox holds
// only memory.
func (s *Sandbox) Close() error {
	s.hangUp()
	return nil
}
