package gvisor

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// OnChange implements [sandbox.Notifier].
func (s *Sandbox) OnChange(notify func()) { s.notify.Store(&notify) }

// update replaces the record, and notifies of a change that the next pull must not wait
// for: the sandbox has booted, or has ended.
func (s *Sandbox) update(record *discovery.Sandbox) {
	before, now := statusOf(s.record.Swap(record)).State, statusOf(record).State
	if before == now || before != sandbox.Booting && now != sandbox.Stopped {
		return
	}
	if notify := s.notify.Load(); notify != nil {
		(*notify)()
	}
}

// Running implements [sandbox.Exiter].
func (s *Sandbox) Running() time.Time { return s.record.Load().Running }

// Exit implements [sandbox.Exiter].
func (s *Sandbox) Exit(now time.Time) sandbox.Exit {
	record := s.record.Load()
	exit := sandbox.Exit{Time: now, Restored: record.Restored}
	if lifetime := now.Sub(record.Started); lifetime >= 0 {
		exit.Lifetime = lifetime
		exit.Known |= sandbox.ExitLifetime
	}
	oom := false
	if s.usage != nil {
		oom = s.usage.reporter.Exit(&exit)
		s.usage.reporter.Close()
	}
	s.exited = true
	exit.Reason = exitReason(record, oom, s.gone.Load())
	return exit
}

const (
	sigkill = 9
	// shellSignal is what runsc adds to the number of the signal that has ended the
	// workload, as shells do, to get an exit code.
	shellSignal = 128
	maxSignal   = 64
)

// exitReason returns why a sandbox ended: the first row that applies.
//
//	Evidence                                                          | Reason
//	----------------------------------------------------------------- | ---------
//	The kernel killed a process of its cgroup at a memory limit.      | oom
//	SIGKILL ended the process while runsc held the lock of the state  | removed
//	file, as runsc delete --force does.                               |
//	A signal ended the process.                                       | killed
//	The exit code is 128 plus the number of a signal: the signal      | killed
//	ended the workload, as runsc kill does.                           |
//	The process has any other exit code.                              | completed
//	The exit status is not known, and the state file was removed      | removed
//	without having stated before that the sandbox is stopped.         |
//	Nothing of this is known.                                         | unknown
func exitReason(record *discovery.Sandbox, oom, gone bool) sandbox.ExitReason {
	status := record.Exit.Status
	switch {
	case oom:
		return sandbox.ExitOOM
	case status.Known && status.Signal == sigkill && record.Exit.Deleting:
		return sandbox.ExitRemoved
	case status.Known && status.Signal != 0,
		status.Known && status.Code > shellSignal && status.Code <= shellSignal+maxSignal:
		return sandbox.ExitKilled
	case status.Known:
		return sandbox.ExitCompleted
	case gone && statusOf(record).State != sandbox.Stopped:
		return sandbox.ExitRemoved
	}
	return sandbox.ExitUnknown
}
