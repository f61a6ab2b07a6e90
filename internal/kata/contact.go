package kata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// mayConnect reports whether connections to the shim of a sandbox may be opened.
func (r *Runtime) mayConnect(directory storage.Directory) bool {
	return r.connects == nil || r.connects(directory.StoragePath, directory.ID)
}

// mayTrust reports whether the configuration trusts the hypervisor of a sandbox.
// Whether that applies depends on the shim: see isInstalled.
func (r *Runtime) mayTrust(facts *facts) bool {
	return facts.flavor == catalog.Rust && facts.hasState && r.config.Collection == guard.Auto &&
		slices.Contains(r.config.TrustedHypervisors, guard.TrustedHypervisor(facts.state.Hypervisor))
}

// isInstalled reports whether a shim runs the version of runtime-rs that is currently
// installed. A pod keeps its shim after an upgrade, and only the new version may be safe.
// exited means that the process has exited.
func (r *Runtime) isInstalled(pid int) (installed, exited bool) {
	if pid <= 0 {
		return false, false
	}
	installed, err := r.roots.Processes.RunsInstalledFile(pid)
	if errors.Is(err, host.ErrNoProcess) {
		return false, true
	}
	if err != nil {
		r.logger.Debug("Failed to compare the executable of a Kata shim with the installed file", zap.Int("pid", pid), zap.Error(err))
	}
	return err == nil && installed, false
}

// mayHaveSpun reports whether a shim has to be measured before the first request:
// an earlier Collector may have sent requests that left it spinning. The age of a shim
// that seems to be created in the future is unknown, because the clock was set back.
func (r *Runtime) mayHaveSpun(c *candidate, now time.Time) bool {
	const granularity = time.Second // of the clocks
	age := now.Sub(c.directory.Instance.Created())
	return c.facts.flavor == catalog.Go && r.config.Collection != guard.Passive &&
		(age < -granularity || age >= minMeasuredAge) && !r.records.hasRequested(c.directory.Instance)
}

// listenerOf returns the process that listens on the socket of a sandbox. It never
// blocks, and sends nothing.
func (r *Runtime) listenerOf(directory storage.Directory) (pid int, err error) {
	socket, peer, err := host.ConnectUnix(directory.Socket())
	if err != nil {
		return 0, err
	}
	_ = socket.Close()
	return peer.PID, r.verifyPeer(directory, peer)
}

// verifyPeer checks on an open connection whether it leads to the shim.
func (r *Runtime) verifyPeer(directory storage.Directory, peer host.Peer) error {
	// Another sandbox with the same ID, and with another hypervisor, may have taken
	// the place of this one. If the socket is the same now, after connecting, the
	// connection leads to it.
	if !directory.Unchanged() {
		return sandbox.Failf(sandbox.Gone, "socket in %s was removed or replaced", directory.Path())
	}
	if r.rootOnly && peer.UID != 0 {
		return fmt.Errorf("verify peer of %s: process %d runs as user %d, but the shim must run as root",
			directory.Socket(), peer.PID, peer.UID)
	}
	return nil
}

// updateTrust determines again whether the shim may be trusted, because an upgrade
// may have replaced its executable. If the process has exited, the next connection
// fails.
func (s *Sandbox) updateTrust(ctx context.Context, facts *facts) {
	if !s.runtime.mayTrust(facts) || s.determinePeer(ctx) != nil {
		return
	}
	if installed, exited := s.runtime.isInstalled(s.peer); !exited {
		s.trusted.Store(installed)
	}
}

// logSkip logs why the shim is not contacted, if that has changed, and when it is
// contacted again. A record that the limits prevent is retried with a later pull, if
// the reason still applies.
func (s *Sandbox) logSkip(facts *facts, decision guard.Decision) {
	before := s.logged.Load()
	switch {
	case decision.State == sandbox.Booting:
		return
	case before == nil && decision.Pull, before != nil && *before == decision.Reason:
		return
	}
	reason := decision.Reason
	level, message := s.runtime.skipMessage(facts, reason)
	if s.logged.CompareAndSwap(before, &reason) && !s.runtime.skipLog.Log(level, message, s.directory.Path(),
		zap.String("sandbox.id", s.identity.ID), zap.String("sandbox.skip_reason", string(reason)),
		zap.String("kata.hypervisor.name", facts.state.Hypervisor)) {
		s.logged.Store(before)
	}
}

// skipMessage returns the log message for a reason, which is empty if the shim is
// contacted again.
func (r *Runtime) skipMessage(facts *facts, reason guard.Reason) (level zapcore.Level, message string) {
	switch {
	case reason == "":
		return zap.InfoLevel, "Kata shim is no longer skipped"
	case reason == guard.ByConfiguration:
		return zap.InfoLevel, "Not contacting Kata shim: kata::collection is passive"
	case reason == guard.Spinning:
		return zap.WarnLevel, "Skipping Kata shim: it is in an endless loop, and another request could add one"
	case reason == guard.IncompleteResponses:
		return zap.WarnLevel, "Skipping Kata shim: its responses were repeatedly incomplete, which can leave it spinning"
	case r.mayTrust(facts):
		return zap.InfoLevel, "Skipping Kata shim: kata::trusted_hypervisors applies only to shims that run the installed executable"
	}
	return zap.InfoLevel, "Skipping Kata shim: reading its metrics could crash the pod"
}
