package discovery

import (
	"errors"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// process is the process of one sandbox instance.
type process struct {
	pid int
	// start is the start time in ticks since boot, 0 if unknown. A process with the
	// same ID but a different start time is a different process.
	start uint64
	// exited reports whether the process has exited. It is never reset.
	exited bool
	// exit is how the process has ended.
	exit Exit
	// unseen reports whether the process may exist although it cannot be seen.
	unseen bool
	// watched reports whether a pidfd watches the process, so that it need not be
	// polled.
	watched bool
}

// processTable is the part of [host.Processes] that liveness needs.
type processTable interface {
	ProcessStart(pid int) (uint64, error)
	StartTime(ticks uint64) (time.Time, error)
	HasArgument(pid int, argument string) (bool, error)
	Hidden(pid int) bool
}

// exitWatch reports when processes exit, see [host.Exits].
type exitWatch interface {
	Watch(pid int) error
	Ended(pid int) (host.ExitStatus, bool)
	Forget(pid int)
}

// liveness tracks which sandbox processes are alive.
type liveness struct {
	// processes is nil if process IDs are not checked. All processes then count as
	// alive.
	processes processTable
	// ownProcessesOnly reports whether processes outside of the receiver's PID
	// namespace are invisible.
	ownProcessesOnly bool
	// ownRoots are the roots whose sandboxes are known to run in the receiver's PID
	// namespace, so that an invisible process has exited.
	ownRoots map[string]bool
	// exits is nil if processes have to be polled.
	exits exitWatch
	now   func() time.Time
	// watchers is the number of sandboxes by the ID of their watched process.
	// Simulated sandboxes can share one.
	watchers map[int]int
	// boot is the boot time of the host, read at bootRead.
	boot, bootRead time.Time
}

const (
	// startTolerance is how much later than the modification time of its state file
	// a process can seem to start, because the boot time has a resolution of one
	// second.
	startTolerance = 2 * time.Second
	// bootMaxAge is the time after which the boot time is read again. It changes
	// when the clock is set.
	bootMaxAge = time.Minute
)

// track starts to track the process of a new instance. written is the modification
// time of its state file.
func (l *liveness) track(s *Sandbox, written time.Time) process {
	p := process{pid: s.PID}
	if l.processes == nil {
		return p
	}
	if p.pid == 0 {
		p.exited = s.Status != statefile.Creating
		return p
	}
	// Watching comes first: from then on, another process cannot get the same ID
	// without a report that the first one exited.
	if l.watch(p.pid) {
		p.watched = true
	}
	start, err := l.processes.ProcessStart(p.pid)
	switch {
	case err == nil && !l.isReused(s.PID, s.ID, start, written):
		p.start = start
		l.recordOwnRoot(s)
	case err != nil && !errors.Is(err, host.ErrNoProcess):
	case l.ownProcessesOnly:
		// The ID may be one of another PID namespace, whatever it means here. If it
		// turns out not to be, poll corrects this.
		l.untrack(&p)
		p.unseen = true
	case err != nil && l.processes.Hidden(p.pid):
		// If the process is watched, its exit is reported nevertheless.
		p.unseen = true
	default:
		l.markExited(&p)
	}
	return p
}

// recordOwnRoot records that the process IDs in the state files of a root are valid
// here if the process of a sandbox is visible and has its ID as an argument.
func (l *liveness) recordOwnRoot(s *Sandbox) {
	if !l.ownProcessesOnly || l.ownRoots[s.Root] {
		return
	}
	if named, err := l.processes.HasArgument(s.PID, s.ID); err == nil && named {
		l.ownRoots[s.Root] = true
	}
}

// isReused reports whether the sandbox process has exited and its ID belongs to
// another process. That process started after the state file was written, and its
// command line does not contain the sandbox ID. The start time alone is not
// sufficient, because the clock may have been set since.
func (l *liveness) isReused(pid int, sandboxID string, start uint64, written time.Time) bool {
	if now := l.now(); l.bootRead.IsZero() || now.Sub(l.bootRead).Abs() > bootMaxAge {
		boot, err := l.processes.StartTime(0)
		if err != nil {
			return false
		}
		l.boot, l.bootRead = boot, now
	}
	if !l.boot.Add(host.Ticks(start)).After(written.Add(startTolerance)) {
		return false
	}
	named, err := l.processes.HasArgument(pid, sandboxID)
	return err == nil && !named
}

// hasEnded reports whether track would find that the process of a sandbox has exited,
// according to the state file of any of its containers.
func (l *liveness) hasEnded(state *statefile.State, written time.Time) bool {
	s := &state.Sandbox
	if l.processes == nil {
		return false
	}
	if s.PID == 0 {
		return state.Status != statefile.Creating
	}
	start, err := l.processes.ProcessStart(s.PID)
	switch {
	case err == nil && !l.isReused(s.PID, s.ID, start, written), l.ownProcessesOnly:
		return false
	case err == nil:
		return true
	}
	return errors.Is(err, host.ErrNoProcess) && !l.processes.Hidden(s.PID)
}

func (l *liveness) watch(pid int) bool {
	if l.exits == nil || l.exits.Watch(pid) != nil {
		return false
	}
	l.watchers[pid]++
	return true
}

// confirmExit reports whether a process that was reported as exited with a status no
// longer exists. The report may concern an earlier process with the same ID.
func (l *liveness) confirmExit(p *process, status host.ExitStatus) bool {
	start, err := l.processes.ProcessStart(p.pid)
	if err == nil && start == p.start {
		return false
	}
	l.markExited(p)
	p.exit.Status = status
	return true
}

func (l *liveness) markExited(p *process) {
	p.exit.Status, _ = l.ended(p)
	l.untrack(p)
	p.exited, p.unseen = true, false
}

// ended reports whether a process that counts as alive has ended, and how.
func (l *liveness) ended(p *process) (status host.ExitStatus, ended bool) {
	if !p.watched {
		return host.ExitStatus{}, false
	}
	return l.exits.Ended(p.pid)
}

// untrack stops watching a process if it is watched.
func (l *liveness) untrack(p *process) {
	if !p.watched {
		return
	}
	p.watched = false
	if l.watchers[p.pid]--; l.watchers[p.pid] > 0 {
		return
	}
	delete(l.watchers, p.pid)
	l.exits.Forget(p.pid)
}

// poll reports whether a process has exited or become visible since the last call.
// The exit of a watched process is reported elsewhere.
func (l *liveness) poll(root string, p *process) bool {
	if l.processes == nil || p.watched && !p.unseen || p.exited || p.pid == 0 {
		return false
	}
	if p.unseen && l.ownProcessesOnly {
		if l.ownRoots[root] {
			l.markExited(p)
		}
		return p.exited
	}
	start, err := l.processes.ProcessStart(p.pid)
	switch {
	case p.unseen && err != nil && l.processes.Hidden(p.pid):
	case errors.Is(err, host.ErrNoProcess), err == nil && p.start != 0 && start != p.start:
		l.markExited(p)
		return true
	case err == nil:
		visible := p.unseen
		p.start, p.unseen = start, false
		return visible
	}
	return false
}
