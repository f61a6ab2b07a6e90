package sandbox

import "slices"

// State is the state of a sandbox, by the following rules. A sandbox has one state at
// a time: the first row that applies determines it. It is the attribute
// sandbox.state.
//
//	State        | Evidence
//	------------ | --------------------------------------------------------------
//	stopped      | The process has exited, or according to the runtime's files.
//	booting      | According to the runtime's files, or they are incomplete and the
//	             | sandbox was created recently.
//	skipped      | A request could crash the sandbox or burden its host.
//	paused       | According to the runtime's files.
//	unresponsive | A request has timed out, and no pull has succeeded since.
//	unknown      | The process is not visible from here.
//	created      | According to the runtime's files.
//	running      | None of the above.
//
// Runtimes determine all states but Unresponsive, which package collect determines
// from the pulls ([Status.WithTimeout]).
type State string

const (
	// Booting sandboxes cannot be pulled yet.
	Booting State = "booting"
	// Created sandboxes have not started their workload yet. They are pulled like
	// running ones.
	Created State = "created"
	// Running sandboxes are pulled.
	Running State = "running"
	// Paused sandboxes have suspended their workload. They are pulled like running
	// ones, because they still respond.
	Paused State = "paused"
	// Unresponsive sandboxes are pulled, but do not respond.
	Unresponsive State = "unresponsive"
	// Stopped sandboxes have left files behind, but no process.
	Stopped State = "stopped"
	// Skipped sandboxes run, but are not contacted, because a request could crash
	// them or burden the host. Pull reads their metrics on the host instead.
	Skipped State = "skipped"
	// Unknown sandboxes may run: their processes cannot be seen from here. They are
	// pulled like running ones.
	Unknown State = "unknown"
)

// States lists all values of [State].
var States = [...]State{Booting, Created, Running, Paused, Unresponsive, Stopped, Skipped, Unknown}

// contacted are the states in which requests are sent to the sandbox.
var contacted = []State{Created, Running, Paused, Unresponsive, Unknown}

// Status is the state of a sandbox and, if the sandbox is not contacted, the
// reason.
type Status struct {
	State State
	// SkipReason is why the sandbox is not contacted, from a closed list; empty
	// if it is. It is the attribute sandbox.skip_reason. A sandbox that is not
	// contacted only because the configuration says so (passive) is running.
	SkipReason string
}

// Pulled reports whether Pull is called in this state.
func (s Status) Pulled() bool { return s.State == Skipped || slices.Contains(contacted, s.State) }

// Contacted reports whether Pull sends requests to the sandbox in this state.
func (s Status) Contacted() bool { return s.SkipReason == "" && slices.Contains(contacted, s.State) }

// WithTimeout returns the status of a sandbox with this status according to its
// runtime's files, if a pull has timed out and none has succeeded since.
func (s Status) WithTimeout() Status {
	// That a sandbox is paused may be why it does not respond.
	if s.Contacted() && s.State != Paused {
		return Status{State: Unresponsive}
	}
	return s
}
