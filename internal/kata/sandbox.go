package kata

import (
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Sandbox is one instance of a Kata sandbox. It implements [sandbox.Sandbox].
type Sandbox struct {
	runtime   *Runtime
	directory storage.Directory
	identity  sandbox.Identity
	// created is identity.Created with a monotonic reading, but not after the
	// sandbox was discovered. The wall clock may be set at any time.
	created time.Time
	// stateFile belongs to the finder.
	stateFile *storage.StateFile
	// facts are replaced by the finder when the state file appears.
	facts atomic.Pointer[facts]
	// dead means that the shim has exited.
	dead atomic.Bool
	// record is shared with other receivers of this process.
	record *shimRecord
	// trusted means that the shim runs the installed version of runtime-rs, and that
	// the configuration trusts this version with the hypervisor.
	trusted atomic.Bool
	// logged is the reason that was last logged for not contacting the shim, empty
	// if it was logged that the shim is contacted again, nil if nothing was logged.
	logged atomic.Pointer[guard.Reason]

	// The remaining fields belong to the goroutine that pulls.

	// peer is the process ID of the shim, 0 while unknown.
	peer int
	// connected means that a connection to the shim has been opened, so that peer
	// remains what it is.
	connected bool
	// start is the start time of the first reading with points. The start of a
	// series must not change when its values come from another source.
	start time.Time
	// refused is the number of consecutive refused connections.
	refused int
	// readers hold the series that have been delivered so far. There is more than
	// one only if the facts changed; the last one is in use.
	readers []*reader.Reader
	probe   *passive.Probe
	// readFor and probeFor are the facts for which the last reader and the probe
	// were created.
	readFor, probeFor *facts
	usage             *usageReader // nil if usage is not reported
}

var _ sandbox.Exiter = (*Sandbox)(nil)

func newSandbox(runtime *Runtime, c *candidate) *Sandbox {
	pod, conflict := c.facts.state.Pod, c.facts.state.PodConflict
	if c.hasPod {
		pod, conflict = c.pod, false
	}
	s := &Sandbox{
		runtime:   runtime,
		directory: c.directory,
		stateFile: c.stateFile,
		identity: sandbox.Identity{
			Runtime:     sandbox.RuntimeKata,
			Root:        c.directory.StoragePath,
			ID:          c.directory.ID,
			Iteration:   c.directory.Instance.Iteration(),
			Created:     c.directory.Instance.Created(),
			Pod:         pod,
			PodConflict: conflict,
			Annotations: c.facts.state.Annotations,
			Attributes:  c.facts.attributes(),
			// kata-monitor sets all four, even if empty.
			UpstreamLabels: []sandbox.Attribute{
				{Key: "sandbox_id", Value: c.directory.ID},
				{Key: "cri_uid", Value: pod.UID},
				{Key: "cri_name", Value: pod.Name},
				{Key: "cri_namespace", Value: pod.Namespace},
			},
		},
	}
	now := runtime.now()
	s.created = now.Add(-max(0, now.Sub(s.identity.Created)))
	s.facts.Store(&c.facts)
	s.peer, s.connected = c.peer, c.peer != 0
	s.trusted.Store(c.trusted)
	s.usage = runtime.newUsageReader(s.created)
	s.record = runtime.records.acquire(c.directory.Instance, now)
	s.record.suspect(c.usage)
	return s
}

// attributes returns the resource attributes, as far as they are known.
func (f *facts) attributes() []sandbox.Attribute {
	if !f.settled {
		return nil
	}
	flavor := "go"
	if f.flavor == catalog.Rust {
		flavor = "rust"
	}
	return []sandbox.Attribute{
		{Key: "kata.runtime.flavor", Value: flavor},
		{Key: "kata.hypervisor.name", Value: f.state.Hypervisor},
	}
}

// Identity implements [sandbox.Sandbox].
func (s *Sandbox) Identity() *sandbox.Identity { return &s.identity }

// Status implements [sandbox.Sandbox]. It depends on the files of the sandbox, and
// on whether a pull found that the shim has exited.
func (s *Sandbox) Status() sandbox.Status {
	if s.dead.Load() {
		return sandbox.Status{State: sandbox.Stopped}
	}
	decision := s.decide(s.facts.Load())
	if decision.State == sandbox.Booting {
		return sandbox.Status{State: sandbox.Booting}
	}
	return sandbox.Status{State: decision.State, SkipReason: string(decision.Reason)}
}

// decide returns the decision of the guard.
func (s *Sandbox) decide(facts *facts) guard.Decision {
	return guard.Decide(s.runtime.config.Collection, guard.Facts{
		Flavor:     facts.flavor,
		HasState:   facts.hasState,
		Hypervisor: facts.state.Hypervisor,
		Age:        s.runtime.now().Sub(s.created),
		Trusted:    s.trusted.Load(),
		Observed:   s.record.observed(),
	})
}

// MinInterval implements [sandbox.Sandbox]. There is no limit if the shim is not
// contacted.
func (s *Sandbox) MinInterval() time.Duration {
	if s.decide(s.facts.Load()).Pull {
		return minShimInterval
	}
	return 0
}

// AppendInfo implements [sandbox.Sandbox]. It appends the usage only, because the
// identity and the status contain all else that is known without a pull.
func (s *Sandbox) AppendInfo(r *sandbox.Reading, _ bool) { s.appendUsage(r) }

// AppendSeries implements [sandbox.Sandbox].
func (s *Sandbox) AppendSeries(r *sandbox.Reading) {
	for _, one := range s.readers {
		one.AppendSeries(r)
	}
	if s.usage != nil {
		s.usage.reporter.AppendSeries(r)
	}
}

// Close implements [sandbox.Sandbox]. Pulls keep nothing open but a claim on the cgroup
// and on the processes of the sandbox.
func (s *Sandbox) Close() error {
	if s.usage != nil {
		s.usage.reporter.Close()
	}
	s.runtime.records.release(s.record, s, s.runtime.now())
	return nil
}
