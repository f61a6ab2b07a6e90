package kata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/shim"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Ask does nothing. Shims are few and slow, so each pull of one has a goroutine
// of its own.
func (s *Sandbox) Ask(context.Context) bool { return false }

// Answered is not called, as Ask does nothing.
func (s *Sandbox) Answered() bool { return true }

// Pull asks the shim, if the guard allows, and reads on the host if not.
func (s *Sandbox) Pull(ctx context.Context, r *sandbox.Reading, _ func()) error {
	facts := s.facts.Load()
	decision := s.decide(facts)
	// Reader and probe may know better.
	r.Time, r.Start = time.Now(), s.identity.Created
	if decision.Pull {
		return s.judge(s.ask(ctx, facts, r))
	}
	return s.judge(s.look(ctx, facts, decision, r))
}

// ask asks the shim.
func (s *Sandbox) ask(ctx context.Context, facts *facts, r *sandbox.Reading) error {
	into := s.readerFor(facts)
	return shim.Fetch(ctx, shim.Request{
		Socket:    s.directory.Socket(),
		Endpoint:  shim.Metrics,
		MaxBytes:  s.runtime.maxBytes,
		CheckPeer: s.check,
		ReadBody:  func(body io.Reader) error { return into.Read(body, r) },
	})
}

// look reads on the host.
func (s *Sandbox) look(ctx context.Context, facts *facts, decision guard.Decision, r *sandbox.Reading) error {
	if s.probe == nil || s.probeFor != facts {
		if err := s.meet(ctx); err != nil {
			return err
		}
		s.probe = passive.NewProbe(s.runtime.roots, passive.Sandbox{
			Flavor: facts.flavor,
			Shim:   s.peer, VMM: facts.state.VMM, Virtiofsd: facts.state.Virtiofsd,
			Cgroup: facts.state.Cgroup,
		})
		s.probeFor = facts
	}
	samples := s.probe.Read()
	if s.probe.ShimExited() {
		s.dead.Store(true)
		return sandbox.Failf(sandbox.Unreachable, "the shim's process %d has ended", s.peer)
	}
	if len(samples) == 0 {
		return sandbox.Failf(sandbox.Unsafe, "the shim is not asked (%s), and neither its process nor its control group can be seen from here",
			decision.Reason)
	}
	if start := s.probe.Start(); !start.IsZero() {
		r.Start = start
	}
	s.readerFor(facts).ReadPassive(samples, r)
	return nil
}

// meet learns the pid of the shim from its socket, without sending anything.
func (s *Sandbox) meet(ctx context.Context) error {
	if s.peer != 0 {
		return nil
	}
	_, err := shim.PeerOf(ctx, s.directory.Socket(), s.check)
	return err
}

// check decides, on an open connection, whether this is the shim to be asked.
func (s *Sandbox) check(peer host.Peer) error {
	// Another sandbox with the same id, and with another hypervisor, may have
	// taken the place of this one. If the socket is the same now, after
	// connecting, it was connected to.
	if !s.directory.Unchanged() {
		return sandbox.Failf(sandbox.Gone, "%s has a new socket, or none", s.directory.Path())
	}
	if s.runtime.rootOnly && peer.UID != 0 {
		return fmt.Errorf("a process of user %d listens on the shim's socket, which is root's", peer.UID)
	}
	if s.peer != 0 && peer.PID != s.peer {
		return fmt.Errorf("process %d listens on the socket of process %d", peer.PID, s.peer)
	}
	s.peer = peer.PID
	return nil
}

// judge looks whether a failure only means that the sandbox goes away, or is
// dead.
func (s *Sandbox) judge(err error) error {
	outcome := sandbox.OutcomeOf(err)
	refused := errors.Is(err, syscall.ECONNREFUSED)
	if !refused {
		s.refused = 0
	}
	switch outcome {
	case sandbox.OK, sandbox.Canceled:
		return err
	}
	if outcome == sandbox.Gone || !s.directory.Unchanged() {
		s.runtime.tellStale(s.directory.Path())
		if outcome != sandbox.Gone {
			err = &sandbox.Failure{Outcome: sandbox.Gone, Err: err}
		}
		return err
	}
	if refused {
		// Shims close their listener only by ending, which leaves the socket
		// behind. Between making a socket and listening on it there is a
		// moment, so it takes two of them.
		if s.refused++; s.refused > 1 {
			s.dead.Store(true)
		}
	}
	return err
}

// readerFor is the reader for what is known of the sandbox.
func (s *Sandbox) readerFor(facts *facts) *reader.Reader {
	if s.readFor != facts {
		s.readers = append(s.readers, reader.New(facts.flavor, facts.state.Hypervisor, s.runtime.reader))
		s.readFor = facts
	}
	return s.readers[len(s.readers)-1]
}
