package gvisor

import (
	"io"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var registeredFields = jsonscan.NewFields("RegisteredMetrics")

// maxEnvelope is more than what a response contains around its result.
const maxEnvelope = 4 << 10

// requestRegistration requests the registration from the sandbox itself, whose
// result is
//
//	{"RegisteredMetrics":{"metrics":[…],"stages":[…]}}
func requestRegistration(conn *control.Conn, limit int64) (raw []byte, err error) {
	err = conn.Call(control.RegisteredMetrics(), func(source io.Reader) error {
		return urpc.DecodeResult(source, limit, func(scanner *jsonscan.Scanner) {
			var seen jsonscan.Seen
			for scanner.OpenObject(); ; {
				if _, more := scanner.NextField(registeredFields, &seen); !more {
					return
				}
				// The slice is valid only until the scanner goes on.
				raw = append([]byte(nil), scanner.Raw()...)
			}
		})
	})
	if err == nil && raw == nil {
		err = sandbox.Failf(sandbox.Malformed, "the response has no registration")
	}
	return raw, err
}

// savings is what a restore saved, as the sandbox itself reports it: runsc does
// not write it to the state file.
type savings struct {
	attempts          int
	cpuTime, wallTime time.Duration
}

const (
	// maxSavingsAttempts limits the requests for savings: releases without the
	// method must not receive them indefinitely.
	maxSavingsAttempts = 3
	maxSavingsSize     = 4 << 10
)

var savingsFields = jsonscan.NewFields("CPUTimeSaved", "WallTimeSaved")

// requestSavings requests what the restore saved, unless it is known. The result is
//
//	{"CPUTimeSaved":1500000,"WallTimeSaved":2000000000}
//
// in nanoseconds. If the call fails, the pull does not.
func (s *Sandbox) requestSavings(conn *control.Conn, record *discovery.Sandbox) {
	if s.savings.attempts >= maxSavingsAttempts || record.CPUTimeSaved != 0 || record.WallTimeSaved != 0 {
		return
	}
	s.savings.attempts++
	var cpuTime, wallTime int64
	err := conn.Call(control.Savings(), func(source io.Reader) error {
		return urpc.DecodeResult(source, maxSavingsSize, func(scanner *jsonscan.Scanner) {
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
		s.savings = savings{maxSavingsAttempts, time.Duration(cpuTime), time.Duration(wallTime)}
	}
}
