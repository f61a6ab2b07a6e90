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
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// asked is a pull that Ask has begun: the record it is about and the connection
// over which the answer comes, or why there is none.
type asked struct {
	record *discovery.Sandbox
	conn   *control.Conn
	err    error
}

// Ask asks for a snapshot, unless there is nothing yet to verify it against.
func (s *Sandbox) Ask(ctx context.Context) bool {
	record := s.record.Load()
	if s.verifier == nil || s.distrusted != nil || record.RegistrationError != nil {
		return false
	}
	s.begin(ctx, record, nil)
	return true
}

// Answered tells whether the answer has begun to arrive, or that there will be
// none.
func (s *Sandbox) Answered() bool { return s.asked.err != nil || s.asked.conn.Ready() }

// hangUp ends a pull that Ask has begun.
func (s *Sandbox) hangUp() {
	if s.asked.conn != nil {
		_ = s.asked.conn.Close()
	}
	s.asked = asked{}
}

// Pull asks for a snapshot and verifies it. The first pull of a sandbox without
// a registration in its state file asks for that before.
func (s *Sandbox) Pull(ctx context.Context, r *sandbox.Reading, waits func()) error {
	defer s.hangUp()
	if s.asked.record == nil {
		s.begin(ctx, s.record.Load(), waits)
	}
	record, err := s.asked.record, s.asked.err
	if err == nil {
		err = s.receive(record, r, waits)
	}
	if err != nil {
		return s.explain(record, err)
	}
	r.Start = record.Started
	return nil
}

// begin asks for a snapshot, and keeps what is needed to take the answer.
func (s *Sandbox) begin(ctx context.Context, record *discovery.Sandbox, waits func()) {
	s.asked.record = record
	s.asked.err = s.prepare(ctx, waits)
}

// prepare asks for a snapshot after whatever has to be done before.
func (s *Sandbox) prepare(ctx context.Context, waits func()) (err error) {
	record := s.asked.record
	if s.distrusted != nil {
		return s.distrusted
	}
	if record.RegistrationError != nil {
		return s.distrust(record.RegistrationError)
	}
	if s.asked.conn, err = control.Dial(ctx, s.target(record)); err != nil {
		return err
	}
	s.asked.conn.OnBlock(waits)
	if s.verifier == nil {
		if err := s.learn(s.asked.conn, record.Registration); err != nil {
			return err
		}
	}
	return s.asked.conn.Send(s.runtime.export)
}

// receive takes the snapshot that was asked for.
func (s *Sandbox) receive(record *discovery.Sandbox, r *sandbox.Reading, waits func()) error {
	conn := s.asked.conn
	conn.OnBlock(waits)
	err := conn.Receive(func(source io.Reader) error {
		return s.verifier.Read(source, s.runtime.settings.MaxResponseSize, time.Now, r)
	})
	if err == nil && record.Restored {
		s.learnSavings(conn, record)
	}
	return err
}

// target is where the sandbox listens.
func (s *Sandbox) target(record *discovery.Sandbox) control.Target {
	target := control.Target{Root: record.Root, ID: record.ID, Socket: record.Socket}
	if s.runtime.settings.VerifyPeer {
		target.PID = record.PID
	}
	return target
}

// learn makes the verifier, for which a sandbox that was not registered is asked
// for its registration.
func (s *Sandbox) learn(conn *control.Conn, known *registration.Registration) error {
	if known == nil {
		raw, err := s.askRegistration(conn)
		if err != nil {
			return err
		}
		if known, err = s.runtime.registrations.Get(raw); err != nil {
			return s.distrust(err)
		}
	}
	s.verifier = snapshot.NewVerifier(known, s.runtime.snapshots)
	return nil
}

// distrust gives up on a sandbox whose registration is invalid.
func (s *Sandbox) distrust(err error) error {
	s.distrusted = sandbox.Fail(sandbox.Untrusted, fmt.Errorf("the registration of metrics, against which data would be verified, is invalid: %w", err))
	return s.distrusted
}

var registeredFields = jsonscan.NewFields("RegisteredMetrics")

// askRegistration asks the sandbox itself for its registration.
func (s *Sandbox) askRegistration(conn *control.Conn) (raw []byte, err error) {
	limit := s.runtime.settings.MaxResponseSize
	err = conn.Call(control.RegisteredMetrics(), func(source io.Reader) error {
		return urpc.DecodeResult(source, limit, func(scanner *jsonscan.Scanner) {
			var seen jsonscan.Seen
			for scanner.OpenObject(); ; {
				if _, more := scanner.NextField(registeredFields, &seen); !more {
					return
				}
				// It holds only until the scanner goes on.
				raw = append([]byte(nil), scanner.Raw()...)
			}
		})
	})
	if err == nil && raw == nil {
		err = sandbox.Failf(sandbox.Malformed, "the sandbox answered without its registration")
	}
	return raw, err
}

// explain turns a failure of a sandbox that has ended meanwhile into
// [sandbox.Gone]: another may have taken its place already.
func (s *Sandbox) explain(record *discovery.Sandbox, err error) error {
	ended := s.gone.Load() || s.State() == sandbox.Stopped
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

// hasEnded looks whether the sandbox is still there, which discovery may not
// have noticed yet.
func (s *Sandbox) hasEnded(record *discovery.Sandbox) bool {
	file := statefile.Name{ContainerID: record.ID, SandboxID: record.ID}.String()
	if _, err := host.Stat(filepath.Join(record.Root, file)); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if !s.runtime.settings.VerifyPeer {
		return false
	}
	_, err := s.runtime.processes.ProcessStart(record.PID)
	return errors.Is(err, host.ErrNoProcess)
}

// savings is what a restore saved, as the sandbox itself says: runsc does not
// write it to the state file.
type savings struct {
	attempts          int
	cpuTime, wallTime time.Duration
}

// savingsAttempts is how often a sandbox is asked for its savings: releases that
// do not know the method should not be asked forever.
const savingsAttempts = 3

var savingsFields = jsonscan.NewFields("CPUTimeSaved", "WallTimeSaved")

// learnSavings asks for what the restore saved, unless it is known. A failure
// does no harm to the pull.
func (s *Sandbox) learnSavings(conn *control.Conn, record *discovery.Sandbox) {
	if s.savings.attempts >= savingsAttempts || record.CPUTimeSaved != 0 || record.WallTimeSaved != 0 {
		return
	}
	s.savings.attempts++
	var cpuTime, wallTime int64
	err := conn.Call(control.Savings(), func(source io.Reader) error {
		return urpc.DecodeResult(source, savingsAnswerBytes, func(scanner *jsonscan.Scanner) {
			var seen jsonscan.Seen
			for scanner.OpenObject(); ; {
				field, more := scanner.NextField(savingsFields, &seen)
				if !more {
					return
				}
				if field == 0 {
					cpuTime = scanner.Int64()
				} else {
					wallTime = scanner.Int64()
				}
			}
		})
	})
	if err == nil && cpuTime >= 0 && wallTime >= 0 {
		s.savings = savings{savingsAttempts, time.Duration(cpuTime), time.Duration(wallTime)}
	}
}

const savingsAnswerBytes = 4 << 10
