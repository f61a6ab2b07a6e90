package kata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/shim"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Pull implements [sandbox.Sandbox]. It requests metrics from the shim if the guard
// allows it, and reads on the host otherwise.
func (s *Sandbox) Pull(ctx context.Context, r *sandbox.Reading) error {
	if !s.runtime.mayConnect(s.directory) {
		return sandbox.Failf(sandbox.Unsafe, "shim of sandbox %s is not contacted: only files of the host are read", s.identity.ID)
	}
	facts := s.facts.Load()
	s.updateTrust(ctx, facts)
	s.record.measure(s.runtime.roots.Processes, s.runtime.now)
	decision := s.decide(facts)
	s.logSkip(facts, decision)
	// The reader or the probe may set a better start.
	r.Time, r.Start = time.Now(), s.identity.Created
	if s.usage != nil {
		s.usage.fresh = false
	}
	err := s.collect(ctx, facts, decision, r)
	if outcome := sandbox.OutcomeOf(err); outcome == sandbox.OK || outcome == sandbox.Partial {
		if s.start.IsZero() {
			s.start = r.Start
		}
		r.Start = s.start
	}
	return s.explain(err)
}

// collect requests metrics from the shim, or reads metrics on the host.
func (s *Sandbox) collect(ctx context.Context, facts *facts, decision guard.Decision, r *sandbox.Reading) error {
	reason := string(decision.Reason)
	if decision.Pull {
		if reason = s.record.begin(s, s.runtime.now()); reason == "" {
			return s.request(ctx, facts, r)
		}
	}
	return s.readHost(ctx, facts, reason, r)
}

// request requests metrics from the shim. An incomplete response of the Go runtime may
// mean that the shim spins.
func (s *Sandbox) request(ctx context.Context, facts *facts, r *sandbox.Reading) (err error) {
	into := s.readerFor(facts)
	connected := false
	defer func() {
		var usage cpuReading
		incomplete := connected && facts.flavor == catalog.Go && isIncomplete(sandbox.OutcomeOf(err))
		if incomplete {
			usage = readCPU(s.runtime.roots.Processes, s.peer, s.runtime.now)
		}
		s.record.end(incomplete, usage, s.runtime.now())
	}()
	err = shim.Fetch(ctx, shim.Request{
		Socket:   s.directory.Socket(),
		Endpoint: shim.Metrics,
		MaxBytes: int64(s.runtime.config.MaxResponseSize),
		CheckPeer: func(peer host.Peer) error {
			err := s.checkPeer(peer)
			connected = err == nil
			return err
		},
		ReadBody: func(body io.Reader) error { return into.Read(body, r) },
	})
	if s.usage != nil {
		s.usage.fresh = err == nil
	}
	return err
}

// isIncomplete reports whether a response is incomplete. One that is too large is,
// because the rest of it is not read.
func isIncomplete(outcome sandbox.Outcome) bool {
	switch outcome {
	case sandbox.Partial, sandbox.Timeout, sandbox.Disconnected, sandbox.Malformed, sandbox.Oversize, sandbox.Internal:
		return true
	}
	return false
}

// readHost reads what is available on the host.
func (s *Sandbox) readHost(ctx context.Context, facts *facts, reason string, r *sandbox.Reading) error {
	if s.probe == nil || s.probeFor != facts {
		if err := s.determinePeer(ctx); err != nil {
			return err
		}
		s.probe = passive.NewProbe(s.runtime.roots, passive.Sandbox{
			Flavor: facts.flavor,
			Shim:   s.peer, Hypervisor: facts.state.HypervisorPID, Virtiofsd: facts.state.Virtiofsd,
			Cgroup: facts.state.Cgroup,
		})
		s.probeFor = facts
	}
	samples := s.probe.Read()
	if s.probe.ShimExited() {
		s.dead.Store(true)
		return sandbox.Failf(sandbox.Unreachable, "shim process %d has exited", s.peer)
	}
	if len(samples) == 0 {
		return sandbox.Failf(sandbox.Unsafe,
			"shim is not contacted (%s), and neither its process nor its cgroup is visible: "+
				"use the host's PID namespace, and mount the host's /sys/fs/cgroup", reason)
	}
	if start := s.probe.Start(); !start.IsZero() {
		r.Start = start
	}
	s.readerFor(facts).ReadPassive(samples, r)
	return nil
}

// determinePeer determines the process ID of the shim from its socket, without
// sending anything.
func (s *Sandbox) determinePeer(ctx context.Context) error {
	if s.peer != 0 {
		return nil
	}
	_, err := shim.PeerOf(ctx, s.directory.Socket(), s.checkPeer)
	return err
}

// checkPeer checks on an open connection whether it leads to the shim.
func (s *Sandbox) checkPeer(peer host.Peer) error {
	if err := s.runtime.verifyPeer(s.directory, peer); err != nil {
		return err
	}
	if s.peer != 0 && peer.PID != s.peer {
		return fmt.Errorf("verify peer of %s: process %d is listening, but the shim is process %d",
			s.directory.Socket(), peer.PID, s.peer)
	}
	s.peer, s.connected = peer.PID, true
	return nil
}

// explain determines whether a failure means that the sandbox is gone, or that its
// shim has exited.
func (s *Sandbox) explain(err error) error {
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
		s.runtime.markStale(s.directory.Path())
		if outcome != sandbox.Gone {
			err = &sandbox.Failure{Outcome: sandbox.Gone, Err: err}
		}
		return err
	}
	if refused {
		// A shim closes its listener only by exiting, which leaves the socket
		// behind. A new one creates its socket a moment before it listens, so it
		// takes two refusals.
		if s.refused++; s.refused > 1 {
			s.dead.Store(true)
		}
	}
	return err
}

// readerFor returns the reader for facts.
func (s *Sandbox) readerFor(facts *facts) *reader.Reader {
	if s.readFor != facts {
		next := reader.New(facts.flavor, facts.state.Hypervisor, s.runtime.reader)
		if s.usage != nil {
			next.Measure(s.usage.account)
		}
		s.readers = append(s.readers, next)
		s.readFor = facts
	}
	return s.readers[len(s.readers)-1]
}
