package kata

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Running implements [sandbox.Exiter]. The files of Kata do not show when the workload
// has started to run.
func (s *Sandbox) Running() time.Time { return time.Time{} }

// Exit implements [sandbox.Exiter]. The shim is not contacted. The reason is the first
// row that applies:
//
//	Evidence                                                              | Reason
//	--------------------------------------------------------------------- | -------
//	The kernel killed a process of its sandbox cgroup at a memory limit.  | oom
//	The runtime removed the directory of the sandbox, as it does when it  | removed
//	stops a sandbox.                                                      |
//	The shim has exited and has left its directory behind.                | unknown
func (s *Sandbox) Exit(now time.Time) sandbox.Exit {
	exit := sandbox.Exit{Time: now, Reason: sandbox.ExitUnknown}
	if lifetime := now.Sub(s.created); lifetime >= 0 {
		exit.Lifetime = lifetime
		exit.Known |= sandbox.ExitLifetime
	}
	oom := s.usage != nil && s.usage.reporter.Exit(&exit)
	switch {
	case oom:
		exit.Reason = sandbox.ExitOOM
	case !s.dead.Load():
		exit.Reason = sandbox.ExitRemoved
	}
	return exit
}
