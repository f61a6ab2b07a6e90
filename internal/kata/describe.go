package kata

import (
	"cmp"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Metrics that tell what a sandbox is. kata-monitor has nothing like them.
var (
	infoFamily = &sandbox.Family{Origin: sandbox.Receiver, OTel: sandbox.Descriptor{
		Name:        "kata.sandbox.info",
		Description: "Always 1; the attributes tell which of the runtimes made the sandbox, and with which hypervisor.",
		Unit:        "{sandbox}",
		LabelKeys:   []string{"flavor", "hypervisor"},
		Constant:    true,
	}}
	guardedFamily = &sandbox.Family{Origin: sandbox.Receiver, OTel: sandbox.Descriptor{
		Name:        "kata.sandbox.guarded",
		Description: "Always 1; the attribute tells why the shim of the sandbox is not asked for metrics.",
		Unit:        "{sandbox}",
		LabelKeys:   []string{"reason"},
	}}
)

// Describe tells what the sandbox is made of, and why it is not asked.
func (s *Sandbox) Describe(r *sandbox.Reading, _ bool) {
	facts := s.facts.Load()
	if facts.settled {
		flavor := "go"
		if facts.flavor == catalog.Rust {
			flavor = "rust"
		}
		s.described.add(r, infoFamily, flavor, cmp.Or(facts.state.Hypervisor, "unknown"))
	}
	// That it cannot be asked yet is what the state booting says.
	if decision := s.decide(facts); !decision.Pull && decision.State != sandbox.Booting {
		s.described.add(r, guardedFamily, string(decision.Reason))
	}
}

// described remembers the series of a description.
type described struct {
	series []sandbox.Point
}

// add adds the series with the value 1.
func (d *described) add(r *sandbox.Reading, family *sandbox.Family, labels ...string) {
	r.AddLabeled(family, sandbox.Int(1), labels...)
	known := slices.ContainsFunc(d.series, func(point sandbox.Point) bool {
		return point.Family == family && slices.Equal(point.Labels, labels)
	})
	if !known {
		d.series = append(d.series, sandbox.Point{Family: family, Labels: slices.Clone(labels)})
	}
}

// end appends all series, and forgets them.
func (d *described) end(r *sandbox.Reading) {
	for _, point := range d.series {
		r.AddLabeled(point.Family, sandbox.Int(0), point.Labels...)
	}
	d.series = nil
}
