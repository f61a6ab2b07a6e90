package gvisor

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// described is which series Describe has yielded since the last call of Series.
type described struct {
	// files: those that need no verified data.
	files bool
	// verified: those that do.
	verified bool
	// specs are all that the labels of the one series of specs have been.
	specs        []discovery.Spec
	capabilities statefile.Capabilities
}

// Describe appends what is known without asking the sandbox.
func (s *Sandbox) Describe(r *sandbox.Reading, verified bool) {
	record := s.record.Load()
	state := stateOf(record)
	if state == sandbox.Stopped {
		return
	}
	f := s.runtime.families
	r.Add(f.presence, sandbox.Int(1))
	r.Add(f.running, sandbox.Bool(state == sandbox.Running))
	r.Add(f.checkpointed, sandbox.Bool(record.Checkpointed))
	r.Add(f.restored, sandbox.Bool(record.Restored))
	if record.Restored {
		cpuTime, wallTime := cmp.Or(record.CPUTimeSaved, s.savings.cpuTime), cmp.Or(record.WallTimeSaved, s.savings.wallTime)
		r.Add(f.cpuTimeSaved, sandbox.Int(cpuTime.Milliseconds()))
		r.Add(f.wallTimeSaved, sandbox.Int(wallTime.Milliseconds()))
	} else {
		r.Add(f.noCPUTimeSaved, sandbox.Int(0))
		r.Add(f.noTimeSaved, sandbox.Int(0))
	}
	s.described.files = true
	if !verified {
		return
	}
	capabilities := record.Capabilities & s.runtime.capabilities
	s.describeVerified(r, capabilities)
	s.describeSpec(r, record.Spec)
	s.described.verified = true
	s.described.capabilities |= capabilities
	if !slices.Contains(s.described.specs, record.Spec) {
		s.described.specs = append(s.described.specs, record.Spec)
	}
}

// describeVerified appends what never changes, and capabilities.
func (s *Sandbox) describeVerified(r *sandbox.Reading, capabilities statefile.Capabilities) {
	f := s.runtime.families
	r.Add(f.creationTime, sandbox.Float(seconds(s.identity.Created)))
	r.AddLabeled(s.info.family, sandbox.Int(1), s.info.values...)
	for name := range capabilities.Names() {
		r.AddLabeled(f.capability, sandbox.Int(1), name)
	}
}

func (s *Sandbox) describeSpec(r *sandbox.Reading, spec discovery.Spec) {
	r.AddLabeled(s.runtime.families.spec, sandbox.Int(1),
		strconv.FormatBool(spec.RunsAsRoot), spec.OCIVersion, strconv.FormatBool(spec.NVProxy), strconv.FormatBool(spec.TPUProxy))
}

// Series appends one point for each series that there has been since the last
// call.
func (s *Sandbox) Series(r *sandbox.Reading) {
	if s.verifier != nil {
		s.verifier.AppendSeries(r)
	}
	if s.described.files {
		f := s.runtime.families
		cpuTime, wallTime := f.noCPUTimeSaved, f.noTimeSaved
		if s.record.Load().Restored {
			cpuTime, wallTime = f.cpuTimeSaved, f.wallTimeSaved
		}
		for _, family := range []*sandbox.Family{f.presence, f.running, f.checkpointed, f.restored, cpuTime, wallTime} {
			r.Add(family, sandbox.Int(0))
		}
	}
	if s.described.verified {
		s.describeVerified(r, s.described.capabilities)
	}
	for _, spec := range s.described.specs {
		s.describeSpec(r, spec)
	}
	s.described = described{}
}
