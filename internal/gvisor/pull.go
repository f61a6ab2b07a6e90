package gvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// request is a pull in progress: the record it is about, and the connection on
// which the response arrives or why there is none.
type request struct {
	record *discovery.Sandbox
	conn   *control.Conn
	err    error
}

// Send implements [sandbox.Sender]. It requests a snapshot, unless the sandbox has
// nothing to verify it against yet.
func (s *Sandbox) Send(ctx context.Context) bool {
	record := s.record.Load()
	if s.verifier == nil || s.registrationErr != nil || record.RegistrationError != nil {
		return false
	}
	s.start(ctx, record)
	return true
}

// Ready implements [sandbox.Sender].
func (s *Sandbox) Ready() bool { return s.request.err != nil || s.request.conn.Ready() }

// Receive implements [sandbox.Sender].
func (s *Sandbox) Receive(r *sandbox.Reading, onBlock func()) error {
	defer func() {
		if !s.More() {
			s.hangUp()
		}
	}()
	record, err := s.request.record, s.request.err
	if s.More() {
		s.receiveUsage(r, onBlock)
		return nil
	}
	if err == nil {
		s.request.conn.OnBlock(onBlock)
		err = s.receive(record, r)
	}
	if err != nil {
		if err = s.explain(record, err); sandbox.OutcomeOf(err) == sandbox.Timeout {
			s.await()
		}
		return err
	}
	r.Start = record.Started
	s.requestUsage(record, r)
	return nil
}

// Pull implements [sandbox.Sandbox]. The first pull of a sandbox without a
// registration in its state file requests that first.
func (s *Sandbox) Pull(ctx context.Context, r *sandbox.Reading) error {
	s.hangUp()
	s.start(ctx, s.record.Load())
	err := s.Receive(r, nil)
	for s.More() {
		_ = s.Receive(r, nil) // A failure here does not fail the pull.
	}
	return err
}

// hangUp ends the pull in progress.
func (s *Sandbox) hangUp() {
	if s.request.conn != nil {
		_ = s.request.conn.Close()
	}
	s.request = request{}
	if s.usage != nil {
		s.usage.awaited = -1
	}
}

// start requests a snapshot after the requests that must precede it.
func (s *Sandbox) start(ctx context.Context, record *discovery.Sandbox) {
	s.stopAwaiting()
	s.followRestart(record)
	s.request.record = record
	s.request.err = s.connectAndSend(ctx, record)
}

// followRestart lets the counters begin anew if the state file shows that the sandbox
// was restored since the last pull. Then its process and the start time of all
// cumulative values are new ones.
func (s *Sandbox) followRestart(record *discovery.Sandbox) {
	before := s.pulled
	s.pulled = record
	if before == nil || before.Restored == record.Restored && before.Started.Equal(record.Started) {
		return
	}
	if s.verifier != nil {
		s.verifier.Restart()
	}
}

func (s *Sandbox) connectAndSend(ctx context.Context, record *discovery.Sandbox) (err error) {
	if s.registrationErr != nil {
		return s.registrationErr
	}
	if record.RegistrationError != nil {
		return s.rejectRegistration(record.RegistrationError)
	}
	if s.verifier == nil {
		if err := s.createVerifier(ctx, record); err != nil {
			return err
		}
	}
	if s.request.conn, err = control.Dial(ctx, s.target(record)); err != nil {
		return err
	}
	return s.request.conn.Send(s.runtime.export)
}

// receive reads the snapshot that was requested.
func (s *Sandbox) receive(record *discovery.Sandbox, r *sandbox.Reading) error {
	conn := s.request.conn
	err := conn.Receive(func(source io.Reader) error {
		return s.verifier.Read(source, int64(s.runtime.config.MaxResponseSize), time.Now, r)
	})
	if err == nil && record.Restored {
		s.requestSavings(conn, record)
	}
	return err
}

// target returns where the sandbox listens.
func (s *Sandbox) target(record *discovery.Sandbox) control.Target {
	target := control.Target{Root: record.Root, ID: record.ID, Socket: record.Socket}
	if s.runtime.config.VerifyPeer {
		target.PID = record.PID
	}
	return target
}

// rejectRegistration gives up on an instance whose registration is invalid.
func (s *Sandbox) rejectRegistration(err error) error {
	s.registrationErr = sandbox.Fail(sandbox.Untrusted, fmt.Errorf("verify the sandbox's registration: %w", err))
	return s.registrationErr
}

// explain turns a failure of a sandbox that has ended into [sandbox.Gone]: another
// may have taken its place already.
func (s *Sandbox) explain(record *discovery.Sandbox, err error) error {
	ended := s.gone.Load() || s.Status().State == sandbox.Stopped
	switch sandbox.OutcomeOf(err) {
	case sandbox.Canceled:
		return err
	case sandbox.Unreachable, sandbox.Disconnected, sandbox.WrongPeer:
		ended = ended || s.hasEnded(record)
	}
	if ended {
		return &sandbox.Failure{Outcome: sandbox.Gone, Err: err}
	}
	return err
}

// hasEnded reports whether the sandbox has ended, which discovery may not have
// noticed yet.
func (s *Sandbox) hasEnded(record *discovery.Sandbox) bool {
	file := statefile.Name{ContainerID: record.ID, SandboxID: record.ID}.String()
	if _, err := host.Stat(filepath.Join(record.Root, file)); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if !s.runtime.config.VerifyPeer || record.Unseen {
		return false
	}
	_, err := s.runtime.processes.ProcessStart(record.PID)
	return errors.Is(err, host.ErrNoProcess)
}
