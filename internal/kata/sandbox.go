package kata

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// shimPace is the shortest time between two requests to a shim. Each one makes
// the Go shim ask the guest about every container twice.
const shimPace = 10 * time.Second

// Sandbox is one life of a Kata sandbox.
type Sandbox struct {
	runtime   *Runtime
	directory storage.Directory
	identity  sandbox.Identity
	// facts are replaced by the finder when the state file appears.
	facts atomic.Pointer[facts]
	// dead: the shim no longer runs.
	dead atomic.Bool

	// The rest belongs to whoever pulls.

	// peer is the pid of the shim, 0 while unknown.
	peer int
	// refused counts connections in a row that nobody accepted.
	refused int
	// readers made what was reported so far. There is more than one only if the
	// facts changed; the last is in use.
	readers []*reader.Reader
	probe   *passive.Probe
	// readFor and probeFor are the facts that the last reader and the probe
	// were made for.
	readFor, probeFor *facts
	described         described
}

var _ sandbox.Sandbox = (*Sandbox)(nil)

func newSandbox(runtime *Runtime, c *candidate) *Sandbox {
	pod := c.facts.state.Pod
	if c.hasPod {
		pod = c.pod
	}
	created := c.directory.Life.Created()
	s := &Sandbox{
		runtime:   runtime,
		directory: c.directory,
		identity: sandbox.Identity{
			Runtime:   sandbox.RuntimeKata,
			Place:     c.directory.Place,
			ID:        c.directory.ID,
			Iteration: c.directory.Life.Iteration(),
			Created:   created,
			Pod:       pod,
			// kata-monitor sets all four, empty or not.
			UpstreamLabels: []sandbox.Attribute{
				{Key: "sandbox_id", Value: c.directory.ID},
				{Key: "cri_uid", Value: pod.UID},
				{Key: "cri_name", Value: pod.Name},
				{Key: "cri_namespace", Value: pod.Namespace},
			},
		},
	}
	s.facts.Store(&c.facts)
	return s
}

// Identity never changes.
func (s *Sandbox) Identity() *sandbox.Identity { return &s.identity }

// State is what files tell, and whether the shim was found dead.
func (s *Sandbox) State() sandbox.State {
	if s.dead.Load() {
		return sandbox.Stopped
	}
	return s.decide(s.facts.Load()).State
}

// decide asks the guard.
func (s *Sandbox) decide(facts *facts) guard.Decision {
	return guard.Decide(s.runtime.collection, guard.Known{
		Flavor:     facts.flavor,
		HasState:   facts.hasState,
		Hypervisor: facts.state.Hypervisor,
		Age:        time.Since(s.identity.Created),
	})
}

// Pace is that of shims, or none where the shim is not asked.
func (s *Sandbox) Pace() time.Duration {
	if s.decide(s.facts.Load()).Ask {
		return shimPace
	}
	return 0
}

// Series lists what Pull and Describe have reported.
func (s *Sandbox) Series(r *sandbox.Reading) {
	for _, one := range s.readers {
		one.AppendSeries(r)
	}
	s.described.end(r)
}

// Close has nothing to release: a pull leaves nothing open.
func (s *Sandbox) Close() error { return nil }
