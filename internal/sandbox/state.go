package sandbox

// State is the state of a sandbox as known from host files. It is the attribute
// sandbox.state.
type State string

const (
	// Booting sandboxes cannot be pulled yet.
	Booting State = "booting"
	// Running sandboxes are pulled.
	Running State = "running"
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
var States = [...]State{Booting, Running, Stopped, Skipped, Unknown}

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
func (s Status) Pulled() bool { return s.State == Running || s.State == Skipped || s.State == Unknown }
