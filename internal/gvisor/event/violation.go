package event

import (
	"errors"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Rule identifies a rule that a response can violate. The comment of each
// constant states the violation.
type Rule string

// Rules about the form of the response, with the outcome malformed.
const (
	// RuleFormat: the JSON is invalid, repeats a key, is followed by more bytes,
	// or has values of unexpected kinds.
	RuleFormat Rule = "format"
	// RuleNotEvent: the result of a successful call contains no event.
	RuleNotEvent Rule = "not_an_event"
)

// RuleSize: there are too many bytes, a string is too long, or values are nested
// too deeply. The outcome is oversize.
const RuleSize Rule = "size"

// Rules about the content of the response, with the outcome rejected.
const (
	// RuleRange: a figure is negative or does not fit into 64 bits.
	RuleRange Rule = "range"
	// RuleDuplicateContainer: a container has two CPU times.
	RuleDuplicateContainer Rule = "duplicate_container"
	// RuleCPU: CPU time has increased faster than time on all CPUs of the host.
	RuleCPU Rule = "cpu"
	// RuleMemory: the sandbox uses more memory than the host has.
	RuleMemory Rule = "memory"
	// RuleProcesses: a container has more processes than a host can have.
	RuleProcesses Rule = "processes"
	// RuleDuplicateInterface: two network interfaces have the same name.
	RuleDuplicateInterface Rule = "duplicate_interface"
	// RuleNetwork: a counter of a network interface, or its sum over all restarts
	// of the counter, is 2⁶³ or more.
	RuleNetwork Rule = "network"
)

// Outcome returns the outcome of a request whose response violates the rule.
func (r Rule) Outcome() sandbox.Outcome {
	switch r {
	case RuleFormat, RuleNotEvent:
		return sandbox.Malformed
	case RuleSize:
		return sandbox.Oversize
	}
	return sandbox.Rejected
}

// Violation is the error of a response that violates a rule.
type Violation struct {
	Rule Rule
	// Detail describes the violation.
	Detail string
	// Err is the error of decoding that the rule stands for, if there is one.
	Err error
}

func (v *Violation) Error() string {
	text := "invalid event (" + string(v.Rule) + ")"
	if v.Detail != "" {
		text += ": " + v.Detail
	}
	if v.Err != nil {
		text += ": " + v.Err.Error()
	}
	return text
}

func (v *Violation) Unwrap() error { return v.Err }

// failure converts an error of reading or verifying to a [sandbox.Failure].
func failure(err error) error {
	var violation *Violation
	if !errors.As(err, &violation) {
		var remote *urpc.RemoteError
		switch outcome := urpc.Outcome(err); {
		case outcome == sandbox.Oversize:
			violation = &Violation{Rule: RuleSize, Err: err}
		case errors.Is(err, jsonscan.ErrRange):
			violation = &Violation{Rule: RuleRange, Err: err}
		case outcome == sandbox.Malformed, errors.As(err, &remote) && remote.NoSuccess:
			violation = &Violation{Rule: RuleFormat, Err: err}
		default:
			return sandbox.Fail(outcome, err)
		}
	}
	return sandbox.Fail(violation.Rule.Outcome(), violation)
}
