package discovery

import (
	"errors"
	"fmt"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// process is the process of one life of a sandbox.
type process struct {
	pid int
	// start is when it was started, in ticks since boot; 0 if unknown. A process
	// with another start is another one.
	start uint64
	// exited is never taken back.
	exited bool
	// watched: its end will be reported, and need not be looked for.
	watched bool
}

// processTable is what liveness needs of the host's processes.
type processTable interface {
	ProcessStart(pid int) (uint64, error)
	StartTime(ticks uint64) (time.Time, error)
	HasArgument(pid int, argument string) (bool, error)
}

// exitWatch reports the ends of processes, see [host.Exits].
type exitWatch interface {
	Watch(pid int) error
	Forget(pid int)
}

// liveness knows which sandbox processes are alive.
type liveness struct {
	// table is nil if process ids mean nothing here; then all count as alive.
	table processTable
	// exits is nil if ends have to be looked for.
	exits exitWatch
	now   func() time.Time
	// watchers is how many sandboxes have the same watched process: simulated
	// ones may share it.
	watchers map[int]int
	// boot is when the host was started, as of bootRead.
	boot, bootRead time.Time
}

const (
	// startTolerance is how much later than its state file a process may seem to
	// have been started: boot time is known to the second.
	startTolerance = 2 * time.Second
	// bootTolerance is how long the time of boot is believed: it moves when the
	// clock is set.
	bootTolerance = time.Minute
)

// begin looks at the process of a new life, whose state file was last written
// at the given time.
func (l *liveness) begin(s *Sandbox, written time.Time) process {
	p := process{pid: s.PID}
	if l.table == nil {
		return p
	}
	if p.pid == 0 {
		p.exited = s.Status != statefile.Creating
		return p
	}
	// Once it is watched, its id cannot pass to another unnoticed.
	if l.watch(p.pid) {
		p.watched = true
	}
	start, err := l.table.ProcessStart(p.pid)
	switch {
	case errors.Is(err, host.ErrNoProcess), err == nil && l.isStranger(s, start, written):
		l.ended(&p)
	case err == nil:
		p.start = start
	}
	return p
}

// isStranger tells whether the process was given the id of the sandbox's, which
// had ended before: it was started after the state file was written, and its
// command line does not name the sandbox. The former alone would not do, as the
// clock may have been set since.
func (l *liveness) isStranger(s *Sandbox, start uint64, written time.Time) bool {
	if now := l.now(); l.bootRead.IsZero() || now.Sub(l.bootRead).Abs() > bootTolerance {
		boot, err := l.table.StartTime(0)
		if err != nil {
			return false
		}
		l.boot, l.bootRead = boot, now
	}
	if !l.boot.Add(host.Ticks(start)).After(written.Add(startTolerance)) {
		return false
	}
	named, err := l.table.HasArgument(s.PID, s.ID)
	return err == nil && !named
}

func (l *liveness) watch(pid int) bool {
	if l.exits == nil || l.exits.Watch(pid) != nil {
		return false
	}
	l.watchers[pid]++
	return true
}

// confirm tells whether a process whose end was reported is really no more: the
// report may be about another that had the same id before.
func (l *liveness) confirm(p *process) bool {
	start, err := l.table.ProcessStart(p.pid)
	if err == nil && start == p.start {
		return false
	}
	l.ended(p)
	return true
}

// ended notes that a process is no more.
func (l *liveness) ended(p *process) {
	l.end(p)
	p.exited = true
}

// end gives up what begin began.
func (l *liveness) end(p *process) {
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

// recheck looks whether a process that nobody watches has ended since, and
// tells if so.
func (l *liveness) recheck(p *process) bool {
	if l.table == nil || p.watched || p.exited || p.pid == 0 {
		return false
	}
	start, err := l.table.ProcessStart(p.pid)
	switch {
	case errors.Is(err, host.ErrNoProcess), err == nil && p.start != 0 && start != p.start:
		p.exited = true
		return true
	case err == nil:
		p.start = start
	}
	return false
}

// claimsToRun tells whether the files say that there is a process.
func (s *Sandbox) claimsToRun() bool {
	return s.Status != statefile.Stopped && s.Status != statefile.Creating
}

// invisible is why no process can be seen although sandboxes claim to run.
func invisible(sandboxes int) error {
	return fmt.Errorf("the processes of all %d gVisor sandboxes are out of sight of this PID namespace: "+
		"share the host's PID namespace (hostPID: true in Kubernetes), let the receiver read the host's proc filesystem, "+
		"or set gvisor::verify_peer to false", sandboxes)
}
