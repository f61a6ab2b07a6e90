package gvisor

import (
	"cmp"
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// AppendInfo implements [sandbox.Sandbox].
func (s *Sandbox) AppendInfo(r *sandbox.Reading, verified bool) {
	record := s.record.Load()
	state := statusOf(record).State
	if state == sandbox.Stopped {
		if s.usage != nil && s.exited {
			// Its state file may remain for long, and another sandbox may get its
			// cgroup or its process ID.
			s.usage.reporter.Close()
		}
		return
	}
	f := s.runtime.families
	s.add(r, f.presence, sandbox.Int(1), nil)
	s.add(r, f.running, sandbox.Bool(isRunning(record, verified)), nil)
	s.add(r, f.checkpointed, sandbox.Bool(record.Checkpointed), nil)
	s.add(r, f.restored, sandbox.Bool(record.Restored), nil)
	if record.Restored {
		cpuTime, wallTime := cmp.Or(record.CPUTimeSaved, s.savings.cpuTime), cmp.Or(record.WallTimeSaved, s.savings.wallTime)
		s.add(r, f.cpuTimeSaved, sandbox.Int(cpuTime.Milliseconds()), nil)
		s.add(r, f.wallTimeSaved, sandbox.Int(wallTime.Milliseconds()), nil)
	} else {
		s.add(r, f.noCPUTimeSaved, sandbox.Int(0), nil)
		s.add(r, f.noWallTimeSaved, sandbox.Int(0), nil)
	}
	if verified {
		s.appendVerified(r, record)
	}
	if r.Start.IsZero() {
		r.Start = record.Started
	}
	s.appendUsage(r, record)
}

// isRunning reports whether a sandbox that is not stopped counts as running for
// upstream, which includes created and paused ones. That of one whose process cannot
// be seen depends on the last pull.
func isRunning(record *discovery.Sandbox, verified bool) bool {
	if record.Unseen && !verified {
		return false
	}
	return statusOf(record).Contacted()
}

// appendVerified appends what upstream emits only after a successful pull.
func (s *Sandbox) appendVerified(r *sandbox.Reading, record *discovery.Sandbox) {
	f := s.runtime.families
	s.add(r, f.creationTime, sandbox.Float(seconds(s.identity.Created)), nil)
	s.add(r, s.info.family, sandbox.Int(1), s.info.values)
	if s.emits(f.capability) {
		for name := range (record.Capabilities & s.runtime.capabilities).Names() {
			s.add(r, f.capability, sandbox.Int(1), capabilityLabels[name])
		}
	}
	s.add(r, f.spec, sandbox.Int(1), s.spec.of(record.Spec))
}

// emits reports whether the naming has a family. Skipping the others here keeps
// them out of the memory of each sandbox.
func (s *Sandbox) emits(family *sandbox.Family) bool {
	return s.runtime.naming.Of(family).Name != ""
}

// add appends a point of a family that the naming has.
func (s *Sandbox) add(r *sandbox.Reading, family *sandbox.Family, value sandbox.Number, labels []string) {
	if s.emits(family) {
		s.emitted.Add(r, family, value, labels)
	}
}

// AppendSeries implements [sandbox.Sandbox].
func (s *Sandbox) AppendSeries(r *sandbox.Reading) {
	if s.verifier != nil {
		s.verifier.AppendSeries(r)
	}
	s.emitted.AppendSeries(r)
	if s.usage != nil {
		s.usage.reporter.AppendSeries(r)
	}
}

// capabilityLabels are the label values for each capability.
var capabilityLabels = func() map[string][]string {
	labels := map[string][]string{}
	for name := range statefile.AllCapabilities.Names() {
		labels[name] = []string{name}
	}
	return labels
}()

// specLabels are the label values for the specs of a sandbox. They change when
// containers are added.
type specLabels struct {
	spec   discovery.Spec
	values []string
}

// of returns the values for a spec, which must not be changed.
func (l *specLabels) of(spec discovery.Spec) []string {
	if l.values == nil || l.spec != spec {
		l.spec = spec
		l.values = []string{
			strconv.FormatBool(spec.RunsAsRoot), spec.OCIVersion,
			strconv.FormatBool(spec.NVProxy), strconv.FormatBool(spec.TPUProxy),
		}
	}
	return l.values
}
