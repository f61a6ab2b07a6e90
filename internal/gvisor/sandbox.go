package gvisor

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Sandbox is one instance of a gVisor sandbox. It implements [sandbox.Sandbox],
// [sandbox.Sender] and the optional interfaces of package sandbox.
type Sandbox struct {
	runtime  *Runtime
	identity sandbox.Identity
	// record is what discovery last reported; gone means that it has reported the
	// end of the sandbox. A closed sandbox is not collected.
	record atomic.Pointer[discovery.Sandbox]
	gone   atomic.Bool
	closed atomic.Bool
	// notify is what OnChange has set.
	notify atomic.Pointer[func()]
	info   *info

	// The rest belongs to the goroutine that pulls.

	// pulled is the record of the last pull.
	pulled *discovery.Sandbox
	// verifier is nil until the registration is known; registrationErr is why it
	// never will be.
	verifier        *snapshot.Verifier
	registrationErr error
	// attempts is the number of failed requests for the registration.
	attempts int
	savings  savings
	request  request
	// emitted are the series that AppendInfo has emitted.
	emitted sandbox.SeriesSet
	spec    specLabels
	usage   *usageReader // nil if usage is not reported
	overdue overdue
	// exited means that Exit has been called.
	exited bool
}

var (
	_ sandbox.Sender  = (*Sandbox)(nil)
	_ sandbox.Awaiter = (*Sandbox)(nil)

	_ sandbox.Checkpointer = (*Sandbox)(nil)
	_ sandbox.Exiter       = (*Sandbox)(nil)
	_ sandbox.Notifier     = (*Sandbox)(nil)
)

// newSandbox is called by the goroutine of discovery.
func (r *Runtime) newSandbox(record *discovery.Sandbox) *Sandbox {
	info := r.infoOf(record.Metadata)
	s := &Sandbox{
		runtime:  r,
		identity: identityOf(record, info),
		info:     info,
		usage:    r.newUsageReader(),
	}
	s.record.Store(record)
	return s
}

// Identity implements [sandbox.Sandbox].
func (s *Sandbox) Identity() *sandbox.Identity { return &s.identity }

// Status implements [sandbox.Sandbox].
func (s *Sandbox) Status() sandbox.Status { return statusOf(s.record.Load()) }

func statusOf(record *discovery.Sandbox) sandbox.Status {
	switch {
	case record.Exited, record.Status == statefile.Stopped:
		return sandbox.Status{State: sandbox.Stopped}
	case record.Status == statefile.Creating:
		return sandbox.Status{State: sandbox.Booting}
	case record.Status == statefile.Paused:
		return sandbox.Status{State: sandbox.Paused}
	case record.Unseen:
		return sandbox.Status{State: sandbox.Unknown}
	case record.Status == statefile.Created:
		return sandbox.Status{State: sandbox.Created}
	}
	return sandbox.Status{State: sandbox.Running}
}

// Checkpoint implements [sandbox.Checkpointer].
func (s *Sandbox) Checkpoint() sandbox.Checkpoint {
	record := s.record.Load()
	checkpoint := sandbox.Checkpoint{Checkpointed: record.Checkpointed, Restored: record.Restored}
	if record.Restored {
		checkpoint.Started = record.Started
	}
	return checkpoint
}

// MinInterval implements [sandbox.Sandbox]. A sandbox may be pulled at any time.
func (s *Sandbox) MinInterval() time.Duration { return 0 }

// Close implements [sandbox.Sandbox]. It ends the pull that Send started, if any.
// Between pulls a sandbox holds only memory, and a claim on its cgroup.
func (s *Sandbox) Close() error {
	s.hangUp()
	s.stopAwaiting()
	if s.usage != nil {
		s.usage.reporter.Close()
	}
	s.closed.Store(true)
	return nil
}
